"""What a run is configured with: no TensorFlow is needed here."""
