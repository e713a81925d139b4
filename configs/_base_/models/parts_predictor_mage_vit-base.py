# The released token predictor of ViT-B. Only defines a variable, for the models that contain a
# predictor; the number of codes comes from their tokenizer.
token_predictor = dict(
    type='mmaddp.MAGEPredictor',
    embed_dims=768,
    num_layers=12,
    num_heads=12,
    decoder_embed_dims=768,
    decoder_num_layers=8,
    decoder_num_heads=16,
    drop_rate=0.1,
)
