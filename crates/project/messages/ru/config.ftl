### config: конфигурация: ошибки, замечания, описание каждого ключа.
### Каждый ключ здесь начинается с `config-`. Пробелы в начале текста пишутся {"  "}.

## Ошибки: перед ними стоят место и ключ.

config-error-unreadable = не читается: { $why }
config-error-missing = не существует
config-error-is-a-folder = это папка, а должен быть файл
config-error-not-a-folder = это не папка
config-error-not-usable = это канал, сокет или устройство, а должен быть файл
config-error-too-large = больше { $max } байт
config-error-not-utf8 = отсюда это не UTF-8
config-error-duplicate = указано второй раз; первый раз в строке { $line }
config-error-wrong-type = ожидается { $expected }, найдено: { $found }
config-error-not-a-section = ожидаются вложенные ключи и значения
config-error-out-of-range = { $found } вне пределов от { $min } до { $max }
config-error-negative-time = время не может быть отрицательным: { $found }
config-error-time-too-long = { $found } секунд — больше ста лет
config-error-zero-limit = предел в 0 секунд сразу обрывал бы каждую попытку
config-error-not-a-choice = `{ $found }` — не одно из { $words }
config-error-empty = пусто
config-error-no-variable = переменная { $name } не задана ни в окружении, ни в .env
config-error-bad-expansion = переменная пишется {"${"}ИМЯ{"}"} или {"${"}ИМЯ:-значение{"}"}
config-error-unknown-key = такого ключа нет
config-error-placeholder = нет такой подстановки: `{ $found }`; возможно, имелась в виду `{ $known }`?

## Чего ожидает ключ.

config-expected-bool = true или false
config-expected-count = целое число
config-expected-bytes = размер в байтах
config-expected-seconds = время в секундах (0 или больше)
config-expected-limit = время в секундах (больше 0) или null
config-expected-text = текст
config-expected-path = путь
config-expected-argv = список слов
config-expected-choice = слово

config-found-nothing = ничего
config-found-list = список
config-found-section = ключи и значения
config-found-text = текст «{ $text }»

## YAML.

config-yaml-syntax = это не YAML: { $info }
config-yaml-tab = табуляция там, где YAML требует пробелы
config-yaml-too-deep = вложенность больше { $limit ->
    [one] { $limit } уровня
   *[other] { $limit } уровней
}
config-yaml-too-many = больше { $limit } значений
config-yaml-aliases = ссылки (*имя) копируют слишком много
config-yaml-alias-of-itself = ссылка (*имя) указывает на значение, внутри которого стоит
config-yaml-second-document = здесь начинается второй документ (---)

## Подсказки.

config-hint-tab = замените табуляцию пробелами
config-hint-argv = запишите команду списком: ["./agent.sh", "{"{"}task_text{"}"}"]
config-hint-quotes = уберите кавычки
config-hint-variable = задайте её или укажите значение по умолчанию: {"${"}ИМЯ:-значение{"}"}
config-hint-expansion = сами эти знаки пишутся {"$${"}
config-hint-no-limit = чтобы предела не было, напишите null
config-hint-keys = все ключи показывает "codeagent config show"

## Замечания.

config-notice-unknown = { $place }: codeagent не использует: { $names }
config-notice-did-you-mean = { $place }: ключ `{ $key }` неизвестен; возможно, имелся в виду `{ $known }`?
config-notice-variable-did-you-mean = переменная { $name } ничего не задаёт; возможно, имелась в виду { $known }?
config-notice-variable-unknown = переменная { $name } ничего не задаёт: такого ключа нет
config-notice-bad-env-line = { $place }: не понято, ожидается ИМЯ=значение
config-notice-env-unreadable = файл переменных пропущен: { $error }
config-notice-base-dir-ignored = { $place }: project.base_dir указывает на другую папку; он учитывается только в файле, заданном через --config
config-notice-log-fields = logging.format: неизвестные поля: { $names }
config-notice-log-without-message = в logging.format нет %(message)s: строки журнала ничего не сообщат
config-notice-placeholder = { $place }: { $key }: `{ $found }` — не подстановка и передаётся как есть

## В чём сомневается `config check`.

config-check-readable = { $path }: читается, но есть предупреждения
config-check-no-command = { $key } не задан: нечего запускать
config-check-no-task = в { $key } нет подстановки, а executor.stdin — `none`: агент узнаёт о задаче только из $CODEAGENT_TASK_TEXT; большинству нужно {"{"}prompt{"}"} или {"{"}task_text{"}"} среди аргументов
config-check-no-list = нет списка TODO: напишите его (todo.md со строками вида `- [ ] задача`) или выполните `codeagent init` или `codeagent add`

## Описание каждого раздела и ключа. Значение по умолчанию добавляется там, где они показаны.

config-template-head =
    Конфигурация codeagent. Каждая строка, которая начинается с «#» и ключа, показывает значение по умолчанию (у команд — пример):
    уберите «#», чтобы задать его. Переменные: {"${"}ИМЯ{"}"} и {"${"}ИМЯ:-значение{"}"}, из окружения и из .env.
    Пути отсчитываются от папки проекта. CODEAGENT_SERVER__TASK_DELAY=1 в окружении важнее server.task_delay.

config-doc-project = Файлы в папке проекта.
config-doc-project-base_dir = Папка проекта; учитывается в файле, заданном через --config.
config-doc-project-docs_dir = Папка документации проекта.
config-doc-project-status_file = Файл Markdown, в который записывается ход работы.
config-doc-project-todo_format = Какой файл TODO искать первым: md, txt или yaml.
config-doc-project-todo_max_bytes = Файлы TODO большего размера не принимаются (байты).
config-doc-server = Цикл сервера.
config-doc-server-check_interval = Ожидание между итерациями (секунды).
config-doc-server-task_delay = Ожидание между задачами (секунды).
config-doc-server-max_iterations = Закончить после стольких итераций; null: никогда.
config-doc-server-http_enabled = Мониторинг по HTTP (в этой версии его ещё нет).
config-doc-server-http_port = Порт мониторинга; 0: любой свободный.
config-doc-server-checkpoint = Контрольные точки: то, что переживает сбой.
config-doc-server-checkpoint-enabled = Хранить контрольные точки на диске. false: после конца процесса ничего не останется.
config-doc-server-checkpoint-checkpoint_file = Файл контрольных точек; рядом с ним резервная копия и журнал.
config-doc-server-checkpoint-max_task_attempts = После стольких неудачных попыток задача пропускается.
config-doc-server-checkpoint-max_task_crashes = После стольких попыток, оборванных сбоем, задача пропускается.
config-doc-server-checkpoint-keep_completed_tasks = Столько выполненных задач остаётся в файле; более старые убираются, но повторно не выполняются.
config-doc-server-auto_todo_generation = Новый список TODO, когда нынешний выполнен.
config-doc-server-auto_todo_generation-enabled = Создавать новый список этой командой.
config-doc-server-auto_todo_generation-command = Программа, которая пишет список, и её аргументы (без оболочки).
config-doc-server-auto_todo_generation-max_generations_per_session = Не больше стольких списков за сессию.
config-doc-server-auto_todo_generation-output_dir = Папка созданных списков.
config-doc-server-auto_todo_generation-session_tracker_file = Файл, в который записываются сессии и созданные списки.
config-doc-executor = Программа, которая выполняет задачу.
config-doc-executor-command =
    Программа и её аргументы (без оболочки). Подстановки: {"{"}task_text{"}"} {"{"}task_id{"}"} {"{"}task_file{"}"}
    {"{"}prompt{"}"} {"{"}attempt{"}"} {"{"}project_dir{"}"} {"{"}date{"}"}
config-doc-executor-prompt = Шаблон {"{"}prompt{"}"}; также {"{"}heading{"}"} и {"{"}parents{"}"}.
config-doc-executor-stdin = Что программа читает со стандартного ввода: none (ничего) или prompt.
config-doc-executor-timeout = Предел времени одной попытки (секунды); null: без предела.
config-doc-executor-idle_timeout = Предел времени без единого байта вывода (секунды); null: без предела.
config-doc-executor-kill_grace = Время между SIGTERM и SIGKILL (секунды).
config-doc-executor-max_log_bytes = Столько вывода одной попытки сохраняется: начало и конец (байты).
config-doc-executor-max_consecutive_failures = После стольких окончательных неудач подряд работа останавливается: неисправен сам агент.
config-doc-executor-retry = Ожидание перед новой попыткой неудавшейся задачи.
config-doc-executor-retry-initial_delay = Ожидание после первой неудачи; с каждой следующей удваивается (секунды).
config-doc-executor-retry-max_delay = Наибольшее ожидание (секунды).
config-doc-executor-retry-jitter = Ждать случайную часть этого времени.
config-doc-logging = Журнал: в stderr и в файл.
config-doc-logging-level = Наименьший уровень, который записывается: DEBUG, INFO, WARNING, ERROR или CRITICAL.
config-doc-logging-format = Шаблон в стиле Python или json; null: %(asctime)s - %(levelname)s - %(message)s
config-doc-logging-file = Файл журнала; null: без файла. На 10 МиБ начинается новый, хранятся последние пять.
config-doc-logging-console = Писать также в stderr.
config-doc-logging-color = Цвета на терминале (NO_COLOR выключает их).
config-doc-locale = Язык сообщений: ru или en; null: как в окружении.
