"""Saves in which place of its data a training is, and returns there."""

from mmengine.hooks import Hook

from mmaddp.compat.resume import resumed_file
from mmaddp.datasets.seeded_dataset import SeededDataset
from mmaddp.engine.images_per_update import check_images_per_update
from mmaddp.registry import HOOKS
from mmaddp.weights.position_state import POSITION


@HOOKS.register_module()
class PositionHook(Hook):
    """Let a resumed training continue at the batch behind its checkpoint, inside an epoch too.

    It says in the log what keeps a resumed run from being that without a stop, to the bit.
    """

    def before_train(self, runner) -> None:
        """Say what a resumed run would not repeat."""
        loop = runner.train_loop
        if not hasattr(loop, 'position'):
            runner.logger.warning(
                f'{type(loop).__name__} does not know its place inside an epoch, and its random '
                'numbers depend on those before: a run that is resumed differs from one without '
                'a stop. Use mmaddp.EpochBasedTrainLoop or mmaddp.IterBasedTrainLoop.'
            )
        elif loop.dataloader.num_workers and not isinstance(loop.dataloader.dataset, SeededDataset):
            runner.logger.warning(
                'The worker processes of train_dataloader augment samples with random numbers '
                'that depend on those before: a run that is resumed differs from one without a '
                "stop. With sampler=dict(type='mmaddp.SeededSampler') (SeededInfiniteSampler "
                'where iterations are counted) it does not.'
            )

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Add the position."""
        if hasattr(runner.train_loop, 'position'):
            checkpoint[POSITION] = runner.train_loop.position()

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Continue there, if the training is resumed."""
        position = checkpoint.pop(POSITION, None)
        if resumed_file() is None or not hasattr(runner.train_loop, 'go_to'):
            return
        if position is None:
            runner.logger.warning(
                'The checkpoint does not say where inside an epoch it was saved, as those of '
                'mmengine and of mmaddp before 0.3: training continues at the start of the epoch, '
                'or at its iteration, and differs from a training without a stop.'
            )
        else:
            now = runner.train_loop.position()
            check_images_per_update(position, now, resumed_file())
        runner.train_loop.go_to(position)
