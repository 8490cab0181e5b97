"""Several agents at once with asyncio, each result durable as it comes.

    python asyncio_agents.py PROJECT_DIR
"""

import asyncio
import sys

from codeagent.aio import AsyncCheckpointManager


async def agent(question: str) -> str:
    """What you would ask of a model."""
    await asyncio.sleep(0.01)
    print(f"answering {question}")
    return question.upper()


async def main(project_dir: str) -> None:
    async with AsyncCheckpointManager(project_dir, checkpoint_file="data/.agents.json") as checkpoint:
        step = checkpoint.manager.steps("answers")
        answers = await asyncio.gather(*(step(name, agent, name) for name in ("alpha", "beta", "gamma")))
        print(" ".join(answers))
        print((await checkpoint.get_statistics())["completed"], "completed")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "."))
