# Token predictor of the toys, with its usual dropout. Only defines a variable; the number of codes
# comes from the tokenizer.
token_predictor = dict(
    type='mmaddp.MAGEPredictor',
    embed_dims=16,
    num_layers=1,
    num_heads=2,
    decoder_embed_dims=16,
    decoder_num_layers=1,
    decoder_num_heads=2,
)
