"""How near generated pictures are to real ones, in the features of the study's judge."""

from base import JUDGE, Base, StudyFolder

from mmaddp.apis import generate
from mmaddp.apis.pictures import write_pictures
from mmaddp.models.selfsup import ADDP
from mmaddp.run.scoring import Scoring, score_folders

COUNT, FEW = 5000, 64


def score_samples(folder: StudyFolder, base: Base, model: ADDP, name: str, seed: int) -> dict:
    """Generate, and compare with the test pictures.

    Args:
        folder (StudyFolder): Gets the pictures.
        base (Base): Has test pictures and judge.
        model (ADDP): Trained or not.
        name (str): Folder of the pictures.
        seed (int): Of the pictures.

    Returns:
        dict: Frechet distance, precision and recall.
    """
    count = FEW if folder.smoke else COUNT
    pictures = generate(model, num_images=count, seed=seed, batch_size=250)
    write_pictures(list(pictures), folder.out / name, columns=8)
    scoring = Scoring(
        scores=['fid', 'prc'],
        settings={},
        folders=dict(num_images=count),
        reference=str(base.pictures / 'val'),
        extractor=dict(
            config=str(base.out / 'judge' / JUDGE), checkpoint=str(base.checkpoint('judge'))
        ),
    )
    return score_folders([f'{name}={folder.out / name}'], scoring)[name]['scores']
