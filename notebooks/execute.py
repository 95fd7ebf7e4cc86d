"""Runs a notebook on Deno's kernel: execute.py NOTEBOOK OUTPUT

As `jupyter execute` does, but for one thing. Deno's kernel hands what a cell displays to another
thread, so that it may come after the message that the cell has ended, where nbclient no longer
looks. After each cell we display a mark of our own: the kernel keeps their order, so when the mark
is here, all that the cell displayed is.
"""

import sys
import uuid
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.util import ensure_async

SHOWN = {"display_data", "execute_result", "update_display_data", "stream"}


class DenoClient(NotebookClient):
    async def async_execute_cell(self, cell, cell_index, *args, **kwargs):
        executed = await super().async_execute_cell(cell, cell_index, *args, **kwargs)
        if cell.cell_type == "code":
            await self._await_outputs(cell, cell_index)
        return executed

    async def _await_outputs(self, cell, cell_index):
        mark = uuid.uuid4().hex
        show = f"await Deno.jupyter.display({{'text/plain': '{mark}'}}, {{ raw: true }});"
        sent = await ensure_async(self.kc.execute(show, store_history=False))
        while True:
            message = await ensure_async(self.kc.iopub_channel.get_msg(timeout=60))
            if message["msg_type"] not in SHOWN:
                continue
            if message["content"].get("data", {}).get("text/plain") == mark:
                break
            self.process_message(message, cell, cell_index)
        await self.async_wait_for_reply(sent)


def main(source, output):
    notebook = nbformat.read(source, as_version=4)
    path = str(Path(source).resolve().parent)
    client = DenoClient(notebook, timeout=600, record_timing=False, resources={"metadata": {"path": path}})
    client.execute()
    count = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
    nbformat.write(notebook, output)


main(sys.argv[1], sys.argv[2])
