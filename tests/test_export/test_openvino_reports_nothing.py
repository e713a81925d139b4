"""Importing OpenVINO by our way sends nothing over the network."""

import subprocess
import sys

import pytest

CODE = """
import socket

def refuse(*args, **kwargs):
    raise SystemExit('the network was asked for')

socket.socket.connect = socket.getaddrinfo = refuse
from mmaddp.export.openvino import import_openvino
import_openvino().Core()
import sys
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, sys.modules['openvino_telemetry'])
"""


@pytest.mark.slow
def test_the_stub_takes_the_place_of_telemetry():
    found = subprocess.run([sys.executable, '-c', CODE], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ['openvino.tools.ovc.telemetry_stub', 'None']
