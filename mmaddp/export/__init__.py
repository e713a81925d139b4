"""Trained models as ONNX, OpenVINO or torch.export files, compared with the model itself."""
