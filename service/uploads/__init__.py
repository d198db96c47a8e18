"""Files that people attach to messages: judged by what they are, kept on disk, and taken away."""
