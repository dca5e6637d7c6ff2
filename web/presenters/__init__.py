"""What pages show, prepared: view models that join what several apps know."""
