"""How the face finder's weights are made: data, training, export, evaluation."""
