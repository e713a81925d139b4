"""The picture that a session works on, the same in all tabs."""

import random
from collections.abc import Callable
from typing import Optional

import gradio as gr

from mmaddp.utils.listing import list_pictures
from mmaddp.web.errors import shown_in_page
from mmaddp.web.files import keep_picture
from mmaddp.web.neighbours import training_pictures
from mmaddp.web.site import QUEUE, Site
from mmaddp.web.uploads import picture_upload, read_upload


class Picture:
    """Holds the file of the session's picture in ``file``, and shows it wherever it is given.

    Args:
        site (Site): What users share.
        model (gr.Dropdown, optional): The model whose training pictures are offered. Defaults to
            None: none are.
    """

    def __init__(self, site: Site, model: Optional[gr.Dropdown] = None) -> None:
        self.site = site
        self.model = model
        self.file = gr.State()
        self._uploads: list[gr.Image] = []
        self._examples: list[gr.Button] = []

    def upload(self, place: str) -> None:
        """Lay out where a picture is dropped.

        Args:
            place (str): Begins the names of the components in the page.
        """
        upload = picture_upload(
            label='Your picture', sources=('upload', 'clipboard'), height=220,
            elem_id=f'{place}-upload', elem_classes='pixels', buttons=[],
        )  # fmt: skip
        self._uploads.append(upload)
        if self.model is not None:
            name = 'Take one of the training'
            self._examples.append(gr.Button(name, size='sm', elem_id=f'{place}-example'))

    def connect(self) -> None:
        """Make all places show the same picture; to be called when all are laid out."""
        shown = [self.file, *self._uploads]
        for upload in self._uploads:
            taken = upload.upload(self.take, upload, shown, show_progress='hidden')
            taken.failure(lambda: None, None, upload, queue=False)
            upload.clear(lambda: [None] * len(shown), None, shown, queue=False)
        for example in self._examples:
            example.click(
                self.example, self.model, shown, concurrency_id=QUEUE, show_progress='hidden'
            )

    def set_by(self, button: gr.Button, file_of: Callable, inputs: list) -> gr.events.Dependency:
        """Let a button choose the picture."""
        return button.click(lambda *given: self.take(file_of(*given)), inputs, self.outputs)

    @property
    def outputs(self) -> list:
        """What shows the picture."""
        return [self.file, *self._uploads]

    def take(self, file: str) -> list[str]:
        """Take a file as the session's picture, if it is a picture."""
        with shown_in_page():
            shown = keep_picture(read_upload(file, self.site.limits))
            return [file, *[shown] * len(self._uploads)]

    def example(self, name: str) -> list[str]:
        """Take one of the pictures that a model was trained on."""
        with shown_in_page():
            folder = training_pictures(self.site.worker.run(self.site.shelf.load, name))
            if folder is None:
                raise ValueError(f'The training pictures of {name} are not here.')
            file = random.choice(list_pictures(folder, say=False).paths())
            return self.take(str(file))
