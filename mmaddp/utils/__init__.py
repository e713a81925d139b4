"""Small and general: files, hashes, images, masks of pixels."""
