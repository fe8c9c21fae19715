"""The recipe of fivepoint's default weights: prepare the data, train, evaluate, fit the score."""
