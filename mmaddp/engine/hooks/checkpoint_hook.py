"""Training checkpoints that survive a kill and a full disk."""

from collections import deque
from pathlib import Path
from typing import Optional

import mmengine.hooks
from mmengine.dist import is_main_process

from mmaddp.registry import HOOKS
from mmaddp.utils.atomic import remove_unfinished, write_text

# Asks for AtomicLocalBackend, whatever the path looks like.
LOCAL_BACKEND = dict(backend='local', durable=True)


@HOOKS.register_module()
class CheckpointHook(mmengine.hooks.CheckpointHook):
    """mmengine's hook, but the old checkpoint goes when the new one is on the disk.

    Each file is written under another name, synchronised and renamed; then the pointer
    ``last_checkpoint`` is moved in the same manner, and only then are the checkpoints deleted that
    ``max_keep_ckpts`` or a new best one make superfluous. mmengine's own deletes first and
    overwrites in place: a run that is killed meanwhile, or whose disk is full, has nothing left to
    resume from. What killed writers left behind is removed when training begins.

    Takes mmengine's arguments.
    """

    def before_train(self, runner) -> None:
        """Find out where to save, and tidy up there."""
        if self.backend_args is None and '://' not in str(self.out_dir or runner.work_dir):
            self.backend_args = dict(LOCAL_BACKEND)
        super().before_train(runner)
        if is_main_process():
            name = self.filename_tmpl.format('*')
            for pattern in (name, f'best_*_{name}'):
                remove_unfinished(self.out_dir, pattern)

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        outdated = self._note(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            write_text(Path(runner.work_dir) / 'last_checkpoint', self.last_ckpt)
            for old in outdated:
                name = self.filename_tmpl.format(old)
                self._remove(self.file_backend.join_path(self.out_dir, name))

    def _note(self, runner, step: int) -> list[int]:
        """Add a step to those that are kept; return those that go once it is saved."""
        if self.max_keep_ckpts <= 0:
            return []
        steps = list(self.keep_ckpt_ids)
        if steps[-1:] != [step]:
            steps.append(step)
        # With those that go: if the run is killed before they are gone, a resumed run removes them.
        runner.message_hub.update_info('keep_ckpt_ids', list(steps))
        self.keep_ckpt_ids = deque(steps[-self.max_keep_ckpts :], self.max_keep_ckpts)
        return steps[: -self.max_keep_ckpts]

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        if not self.save_best:
            return
        # mmengine removes the previous best that it knows of before it saves: it may know of none.
        previous = self._best_paths()
        self._set_best_paths(dict.fromkeys(previous))
        super()._save_best_checkpoint(runner, metrics)
        current = self._best_paths()
        self._set_best_paths({key: current[key] or path for key, path in previous.items()})
        if is_main_process():
            kept = set(self._best_paths().values())
            for path in filter(None, previous.values()):
                if path not in kept:
                    self._remove(path)

    def _best_paths(self) -> dict[str, Optional[str]]:
        if len(self.key_indicators) == 1:
            return dict(only=self.best_ckpt_path)
        return dict(self.best_ckpt_path_dict)

    def _set_best_paths(self, paths: dict[str, Optional[str]]) -> None:
        if len(self.key_indicators) == 1:
            self.best_ckpt_path = paths['only']
        else:
            self.best_ckpt_path_dict = paths

    def _remove(self, path: str) -> None:
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path):  # as sharded training saves them
            self.file_backend.rmtree(path)
