"""The first night: past conversations of another system become proposals for the review queue."""
