"""What others' indicators say of our detections, and what all of it says of one actor."""
