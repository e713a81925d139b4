# Token predictor of the small models. Only defines a variable; the number of codes comes from the
# tokenizer.
token_predictor = dict(
    type='mmaddp.MAGEPredictor',
    embed_dims=384,
    num_layers=6,
    num_heads=6,
    decoder_embed_dims=384,
    decoder_num_layers=4,
    decoder_num_heads=6,
    drop_rate=0.1,
    num_class_ids=1,
    table_std=0.04,
)
