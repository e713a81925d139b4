"""A Runner whose model is spread over the processes (FSDP2)."""

import shutil
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Optional

import torch
import torch.distributed as dist
from mmengine.device import get_device
from mmengine.dist import get_world_size, is_distributed, is_main_process
from mmengine.runner import Runner
from torch import nn

from mmaddp.engine.hooks.non_finite_loss_hook import has_loss_scaler
from mmaddp.registry import RUNNERS
from mmaddp.utils.blocks import repeated_blocks
from mmaddp.utils.sharded_tensors import spread_like, whole
from mmaddp.weights.shards import shard_folder, take_tensors, without_tensors

# Hooks that read or copy the whole model, in one process or in each.
_WHOLE_MODEL = ('EMAHook', 'FeatureInsightHook', 'GenerationPreviewHook')


@RUNNERS.register_module()
class ShardedRunner(Runner):
    """mmengine's Runner, with parameters, gradients and optimizer states spread over processes.

    ``runner_type='mmaddp.ShardedRunner'`` in a configuration; everything else stays. When training
    begins, the weights are initialised or loaded whole, the same on every process, and each trained
    block and the rest of the model are sharded (``torch.distributed.fsdp.fully_shard``). Frozen
    parts stay whole on every process. In one process, and in tests, nothing is sharded.

    Checkpoints to resume from are written in the background, by every process its own shard
    (``torch.distributed.checkpoint``); see :mod:`mmaddp.weights.shards`. A checkpoint counts once
    all shards are on disk. Best checkpoints hold weights alone and are ordinary files.

    Raises:
        ValueError: The training has several optimizers, a loss scaler, synchronised batch norms or
            a hook that needs the whole model.
    """

    _is_sharded = False
    _saving: Optional[Future] = None
    _publish: Optional[Callable[[], None]] = None
    _written: Optional[dict[str, Any]] = None

    def wrap_model(self, model_wrapper_cfg: Optional[dict], model: nn.Module) -> nn.Module:
        """Move the model to the device; it is sharded when training begins."""
        return model.to(get_device())

    def train(self) -> nn.Module:
        """Shard the model and train it."""
        if is_distributed() and not self._is_sharded:
            self._check()
            super()._init_model_weights()
            shard(self.model)
            self._is_sharded = True
            self._writers = dist.new_group(backend='gloo')  # training goes on beside it
        try:
            model = super().train()
        except Exception:
            raise  # Other processes may be gone: nothing is waited for.
        except BaseException:
            self.finish_saving()
            raise
        self.finish_saving()
        return model

    def _check(self) -> None:
        kinds = [type(hook).__name__ for hook in self.hooks]
        found = [kind for kind in _WHOLE_MODEL if kind in kinds]
        if found:
            raise ValueError(f'{found[0]} needs the whole model: it does not go with sharding.')
        if self.cfg.get('sync_bn'):
            raise ValueError('sync_bn does not go with sharding: use norms without batches.')

    def _init_model_weights(self) -> None:
        if not self._is_sharded:  # or they are, since before the model was sharded
            super()._init_model_weights()

    def build_optim_wrapper(self, optim_wrapper: Any) -> Any:
        """Build the optimizer, which takes whole states when it resumes and keeps its part."""
        built = super().build_optim_wrapper(optim_wrapper)
        if not self._is_sharded:
            return built
        if not hasattr(built, 'optimizer') or has_loss_scaler(built):
            raise ValueError(
                'Sharded training has one optimizer and no loss scaler: use --amp bf16, or '
                "optim_wrapper=dict(dtype='bfloat16', loss_scale=dict(enabled=False))."
            )
        built.optimizer.register_load_state_dict_pre_hook(_spread_states)
        return built

    def call_hook(self, fn_name: str, **kwargs: Any) -> None:
        """Call the hooks; those before saving get what is written."""
        if fn_name == 'before_save_checkpoint' and self._written is not None:
            kwargs['checkpoint'].update(self._written)
        super().call_hook(fn_name, **kwargs)
        if fn_name == 'after_train_iter' and self._saving is not None and self._saving.done():
            self.finish_saving()

    def save_checkpoint(
        self, out_dir: str, filename: str, *args: Any, save_optimizer: bool = True, **kwargs: Any
    ) -> None:
        """Save a checkpoint; every process has to call this. Arguments as in mmengine."""
        self.finish_saving()
        if self._is_sharded and save_optimizer:
            self._written = self._start_saving(shard_folder(Path(out_dir) / filename))
        elif self._is_sharded:
            weights = self.model.state_dict()
            self._written = dict(state_dict={key: whole(weights[key]).cpu() for key in weights})
        try:
            super().save_checkpoint(
                out_dir, filename, *args, save_optimizer=save_optimizer, **kwargs
            )
        finally:
            self._written = None

    def _start_saving(self, folder: Path) -> dict[str, Any]:
        """Let every process write its shard; return what the checkpoint holds itself."""
        from torch.distributed.checkpoint import HuggingFaceStorageWriter, async_save

        optimizer = self.optim_wrapper.state_dict()
        tensors = take_tensors(self.model.state_dict(), optimizer)
        if is_main_process():
            shutil.rmtree(folder, ignore_errors=True)
        dist.barrier()
        writer = HuggingFaceStorageWriter(str(folder), save_distributed=True)
        self._saving = async_save(tensors, storage_writer=writer, process_group=self._writers)
        return without_tensors(optimizer, tensors)

    def when_saved(self, publish: Callable[[], None]) -> None:
        """Call a function as soon as all shards of the last checkpoint are on disk."""
        if self._saving is None:
            publish()
        else:
            self._publish = publish

    def finish_saving(self) -> None:
        """Wait until the last checkpoint is on disk."""
        saving, publish = self._saving, self._publish
        self._saving = self._publish = None
        if saving is not None:
            try:
                saving.result()
            except Exception as error:
                raise OSError(
                    f'The shards of the last checkpoint in {self.work_dir} could not be written; '
                    f'the one before is kept. {error}'
                ) from error
        if publish is not None:
            publish()


def shard(model: nn.Module) -> None:
    """Spread the trained parameters of a model over all processes, block by block.

    Args:
        model (nn.Module): The same on every process. Afterwards it takes whole weights in
            ``load_state_dict``, and keeps its part.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(get_device(), (get_world_size(),))
    frozen = {parameter for parameter in model.parameters() if not parameter.requires_grad}
    for part in [*repeated_blocks(model).values(), model]:
        fully_shard(part, mesh=mesh, ignored_params=frozen)
    model.register_load_state_dict_pre_hook(_spread_weights)


def _spread_weights(model: nn.Module, state_dict: dict, prefix: str, *_: Any) -> None:
    for name, parameter in model.named_parameters(prefix.removesuffix('.')):
        value = state_dict.get(name)
        if torch.is_tensor(value) and value.shape == parameter.shape:
            state_dict[name] = spread_like(value, parameter)


def _spread_states(optimizer: torch.optim.Optimizer, state_dict: dict) -> dict:
    numbers = [number for group in state_dict['param_groups'] for number in group['params']]
    parameters = [one for group in optimizer.param_groups for one in group['params']]
    states = dict(state_dict['state'])
    for number, parameter in zip(numbers, parameters, strict=True):
        if number in states:
            states[number] = {
                name: spread_like(value, parameter)
                if torch.is_tensor(value) and value.shape == parameter.shape
                else value
                for name, value in states[number].items()
            }
    return {**state_dict, 'state': states}
