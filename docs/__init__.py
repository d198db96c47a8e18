"""What people read, and the generator of its reference pages."""
