"""How the model meets data in time: the loop, its settings, presets, progress and history."""
