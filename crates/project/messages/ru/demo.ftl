### demo: что говорит `codeagent demo`.
### Every key here begins with `demo-`. Leading blanks of a text are written {"  "}.

demo-intro = Пробный проект в { $path }, восемь маленьких задач:
demo-list-title = Демонстрация
demo-task-hello = Записать hello.txt
demo-task-copy = Скопировать hello.txt и сравнить копию
demo-task-numbers = Записать сто чисел и пересчитать их
demo-task-flaky = Скачать: сначала неудача, потом успех
demo-task-build = Три секунды сборки: сервер тем временем убивают
demo-task-impossible = Сделать невозможное: всегда неудача
demo-task-hang = Зависнуть и молчать
demo-task-report = Проверить, что все файлы на месте
demo-first-start = Первый запуск: codeagent run
demo-killed = kill -9 { $pid }: сервер мёртв, его агент ещё работает
demo-second-start = Второй запуск: codeagent run
demo-summary = Что сохранилось
demo-done = выполнена
demo-failed = оставлена
demo-attempts = за { $count ->
        [one] { $count } попытку
        [few] { $count } попытки
       *[many] { $count } попыток
    }{ $crashes ->
        [0] {""}
        [one] , { $crashes } прервана сбоем
       *[many] , { $crashes } прерваны сбоями
    }
demo-counts = Выполнено до сбоя: { $before }, сохранено: { $kept }, { $lost } потеряно, { $repeated } повторено.
demo-kept = Проект остался в { $path }
demo-never-came = долгая задача так и не началась
demo-broken = Так быть не должно (второй запуск закончился так: { $status }). Пожалуйста, сообщите об этом.
