"""Trainings, chains and generations, as their folders tell: listed, compared, drawn."""
