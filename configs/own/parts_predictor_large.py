# Token predictor of the large models, as released with ViT-L. Only defines a variable.
_base_ = ['../_base_/models/parts_predictor_mage_vit-base.py']
token_predictor = dict(embed_dims=1024, num_layers=24, num_heads=16, decoder_embed_dims=1024)
