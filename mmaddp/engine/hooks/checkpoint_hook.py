"""Training checkpoints that survive a kill and a full disk."""

import errno
import os
import re
import shutil
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Optional

import mmengine.hooks
import torch
from mmengine.dist import is_main_process
from torch import nn

from mmaddp.compat.resume import resumed_file
from mmaddp.engine.accumulation import set_gradients, unfinished_gradients
from mmaddp.registry import HOOKS
from mmaddp.utils.atomic import remove_unfinished, write_text
from mmaddp.utils.checkpoint_names import POINTER
from mmaddp.utils.folder_lock import lock_folder, release_folder
from mmaddp.utils.wrappers import unwrap
from mmaddp.weights.latest import (
    EARLIER,
    earlier_checkpoints,
    is_continued,
    note_earlier_checkpoints,
    set_aside,
)
from mmaddp.weights.plain_weights import plain_file, write_plain_file
from mmaddp.weights.position_state import GRADIENTS
from mmaddp.weights.shards import shard_folder

# Asks for AtomicLocalBackend, whatever the path looks like.
LOCAL_BACKEND = dict(backend='local', durable=True)
# Of checkpoints inside an epoch, where epochs are counted; the next regular one replaces them.
BETWEEN = 'iter_{}.pth'


@HOOKS.register_module()
class CheckpointHook(mmengine.hooks.CheckpointHook):
    """mmengine's hook, except that old checkpoints are deleted only once the new one is on disk.

    Each file is written under another name, synchronised and renamed; then the pointer
    ``last_checkpoint`` is moved in the same way, and only then are checkpoints deleted that
    ``max_keep_ckpts`` or a new best one make superfluous. mmengine's own hook deletes first and
    overwrites in place: a run that is killed in between, or whose disk is full, has nothing left to
    resume from. Leftovers of killed writers are removed when training begins.

    A run deletes only what it made itself, in its own folder. Checkpoints left there by another run
    are listed in ``earlier_checkpoints.txt``; they are not counted, not resumed from, and renamed
    when their name is needed. While it trains, no other training may write into the folder.

    Beside each checkpoint lie its weights alone, as ``.safetensors``, which every tool opens; they
    are kept and deleted with it.

    Takes mmengine's arguments.

    Raises:
        BlockingIOError: Another training is writing into the folder.
        OSError: The disk has no room for a single checkpoint.
    """

    _gradients: Optional[list] = None  # of all ranks, while a checkpoint is saved
    _saved_iteration: Optional[int] = None  # finished ones at the last checkpoint
    _resumed: Optional[str] = None  # the checkpoint that this run continues from

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add the gradients gathered so far."""
        if self._gradients is not None:
            checkpoint[GRADIENTS] = self._gradients

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Put gathered gradients back, if the training is resumed."""
        states = checkpoint.pop(GRADIENTS, None)
        self._resumed = resumed_file()
        if states is not None and resumed_file() is not None:
            set_gradients(unwrap(runner.model), states)
            runner.logger.info(
                'The gradients gathered before this checkpoint are restored: none are lost, '
                'whatever a warning of mmengine may say below.'
            )

    def before_train(self, runner) -> None:
        """Find out where to save, keep others away, and tidy up there."""
        self._is_local = '://' not in str(self.out_dir or runner.work_dir)
        if self.backend_args is None and self._is_local:
            self.backend_args = dict(LOCAL_BACKEND)
        if is_main_process() and '://' not in str(runner.work_dir):
            lock_folder(runner.work_dir)
        # mmengine deletes what is in this list; here deletion comes later.
        steps = runner.message_hub.get_info('keep_ckpt_ids') or []
        runner.message_hub.pop_info('keep_ckpt_ids')
        super().before_train(runner)
        if self.max_keep_ckpts > 0:
            self.keep_ckpt_ids.extend(steps)
        if not is_main_process():
            return
        if self.max_keep_ckpts > 0:
            self._remove_steps(steps[: -self.max_keep_ckpts])
        name = self.filename_tmpl.format('*')
        for pattern in (name, f'best_*_{name}', plain_file(f'*{name}').name):
            remove_unfinished(self.out_dir, pattern)
        if self._is_local:
            check_space(self.out_dir, unwrap(runner.model))
            if not self._goes_on(runner):
                self._note_earlier(runner)
            elif self._resumed and not plain_file(self._resumed).exists():
                self._write_plain(self._resumed)  # the run was killed between the two files

    def after_train(self, runner) -> None:
        """Publish what has to be published; afterwards others may write into the folder."""
        super().after_train(runner)
        if is_main_process():
            release_folder(runner.work_dir)

    def _goes_on(self, runner) -> bool:
        """Whether this run continues the one in the folder."""
        if not (runner._resume and runner._has_loaded):
            return False
        source = runner._load_from
        return source is None or is_continued(source, [self.out_dir, runner.work_dir])

    def _note_earlier(self, runner) -> None:
        """Record which checkpoints belong to another run."""
        folder = Path(self.out_dir)
        found = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        found = {name for name in found if self._makes(name)}
        note_earlier_checkpoints(folder, found | earlier_checkpoints(folder))
        if found:
            runner.logger.warning(
                f'{folder} holds {len(found)} checkpoints of another run, {min(found)} and so on. '
                'This training does not resume from them (--resume would) and leaves them alone: '
                f'they are listed in {EARLIER}, and renamed where their names are needed.'
            )

    def save_now(self, runner, iteration: int) -> str:
        """Save outside of the intervals; every rank has to call this.

        A run that saves by epoch, and is resumed from this checkpoint, deletes it once it has saved
        the next regular one.

        Args:
            runner (Runner): The Runner.
            iteration (int): Finished iterations.

        Returns:
            str: The checkpoint; the last one, if that is of this iteration.
        """
        if self._saved_iteration == iteration:
            return self.last_ckpt
        usual = self.by_epoch, self.filename_tmpl, self.max_keep_ckpts
        if self.by_epoch:
            self.by_epoch, self.filename_tmpl, self.max_keep_ckpts = False, BETWEEN, -1
        self._save_checkpoint_with_step(runner, iteration, dict(epoch=runner.epoch, iter=iteration))
        self.by_epoch, self.filename_tmpl, self.max_keep_ckpts = usual
        return self.last_ckpt

    def _save_checkpoint_with_step(self, runner, step: int, meta: dict) -> None:
        outdated = self._note(runner, step)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        self._make_room(re.compile(re.escape(name)))
        self._gradients = unfinished_gradients(unwrap(runner.model), runner.optim_wrapper)
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
        self._gradients = None
        self._saved_iteration = meta['iter']
        if is_main_process():
            replaced = self._resumed if self.by_epoch else None
            publish = partial(self._publish, runner, self.last_ckpt, outdated, replaced)
            if hasattr(runner, 'when_saved'):  # its shards may still be being written
                runner.when_saved(publish)
            else:
                publish()

    def _publish(self, runner, path: str, outdated: Sequence[int], replaced: Optional[str]) -> None:
        """Let a checkpoint that is on disk take the place of those before."""
        # Only its name, so that the folder may be moved.
        target = os.path.basename(path) if self.out_dir == runner.work_dir else path
        write_text(Path(runner.work_dir) / POINTER, target)
        self._write_plain(path)
        self._remove_steps(outdated)
        if replaced and not self._is_regular(replaced):
            self._remove(replaced)

    def _note(self, runner, step: int) -> list[int]:
        """Add a step to those that are kept; return those to delete once it is saved."""
        if self.max_keep_ckpts <= 0:
            return []
        steps = list(self.keep_ckpt_ids)
        if steps[-1:] != [step]:
            steps.append(step)
        # With those to delete: if the run is killed before they are, a resumed run deletes them.
        runner.message_hub.update_info('keep_ckpt_ids', list(steps))
        self.keep_ckpt_ids = deque(steps[-self.max_keep_ckpts :], self.max_keep_ckpts)
        return steps[: -self.max_keep_ckpts]

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        if not self.save_best:
            return
        step = self.filename_tmpl.format(runner.epoch if self.by_epoch else runner.iter)
        self._make_room(re.compile(f'best_.+_{re.escape(step)}'))
        # mmengine removes the previous best that it knows of before it saves: let it know of none.
        previous = self._best_paths()
        self._set_best_paths(dict.fromkeys(previous))
        super()._save_best_checkpoint(runner, metrics)
        current = self._best_paths()
        self._set_best_paths({key: current[key] or path for key, path in previous.items()})
        if is_main_process():
            kept = set(self._best_paths().values())
            for path in set(filter(None, current.values())):
                self._write_plain(path)
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

    def _make_room(self, name: re.Pattern) -> None:
        """Rename another run's checkpoints whose names this one is about to use."""
        if not (is_main_process() and self._is_local):
            return
        earlier = earlier_checkpoints(self.out_dir)
        needed = set(filter(name.fullmatch, earlier))
        if needed:
            for old in needed:
                set_aside(Path(self.out_dir) / old)
            note_earlier_checkpoints(self.out_dir, earlier - needed)

    def _makes(self, name: str) -> bool:
        """Whether this hook gives files such names."""
        return self._is_regular(name) or re.fullmatch(_pattern(BETWEEN), name) is not None

    def _is_regular(self, path: str) -> bool:
        """Whether a checkpoint has the name of those that are saved at the intervals."""
        name = rf'(best_.+_)?{_pattern(self.filename_tmpl)}'
        return re.fullmatch(name, os.path.basename(path)) is not None

    def _remove_steps(self, steps: Sequence[int]) -> None:
        for step in steps:
            name = self.filename_tmpl.format(step)
            self._remove(self.file_backend.join_path(self.out_dir, name))

    def _remove(self, path: str) -> None:
        """Remove a checkpoint of this run; leave any other file."""
        folder, name = os.path.split(str(path))
        own = map(os.path.realpath if self._is_local else str, (folder, self.out_dir))
        if len(set(own)) > 1 or not self._makes(name):
            return
        if self._is_local and name in earlier_checkpoints(self.out_dir):
            return
        if self.file_backend.isfile(path):
            self.file_backend.remove(path)
        elif self.file_backend.isdir(path) and not os.path.islink(path):
            self.file_backend.rmtree(path)  # as sharded training saves them
        if self._is_local:
            plain_file(path).unlink(missing_ok=True)
            shutil.rmtree(shard_folder(path), ignore_errors=True)

    def _write_plain(self, path: str) -> None:
        """Write the weights alone beside a checkpoint that is complete."""
        if self._is_local:
            write_plain_file(path)


def _pattern(template: str) -> str:
    """Regular expression for names of checkpoints."""
    return r'\d+'.join(map(re.escape, template.split('{}')))


def check_space(folder: str, model: nn.Module) -> None:
    """Stop before training if the disk cannot even hold the weights, without the optimizer.

    Raises:
        OSError: There is too little free space.
    """
    tensors = [value for value in model.state_dict().values() if torch.is_tensor(value)]
    needed = sum(value.numel() * value.element_size() for value in tensors)
    Path(folder).mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise OSError(
            errno.ENOSPC,
            f'A checkpoint takes more than {needed / 1e6:.0f} MB, and {free / 1e6:.0f} MB are free',
            str(folder),
        )
