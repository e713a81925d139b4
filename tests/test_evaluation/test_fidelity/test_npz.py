"""Archives of pictures and statistics from elsewhere."""

import io
import zipfile

import numpy as np
import pytest

from mmaddp.evaluation.fidelity.npz import NpzImages, read_npz


@pytest.mark.slow
@pytest.mark.parametrize('read', [NpzImages, lambda path: read_npz(path, 'arr_0')])
def test_a_small_file_of_large_pictures_is_refused(tmp_path, read):
    """As a compressed archive of empty pictures: two megabytes that unpack to two gigabytes."""
    path = tmp_path / 'bomb.npz'
    shape = (6, 11_000, 11_000, 3)
    header = io.BytesIO()
    fields = dict(descr='|u1', fortran_order=False, shape=shape)
    np.lib.format.write_array_header_1_0(header, fields)
    with (
        zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive,
        archive.open('arr_0.npy', 'w', force_zip64=True) as member,
    ):
        member.write(header.getvalue())
        for _ in range(int(np.prod(shape)) // 2**24):
            member.write(bytes(2**24))
    with pytest.raises(ValueError, match=r'bomb\.npz is refused.*MMADDP_MAX_UNPACKED_GB'):
        read(path)
