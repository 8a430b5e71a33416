"""What does this machine reach? Measurements to rates, and to the error of a prediction."""
