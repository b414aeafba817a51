"""``crmdapp items``: origin, custody, transformation, sensors, labels."""

from crmdapp.cli.items import documents, look, make, move, sensors, tags, trace, transform
from crmdapp.cli.items._app import app

app.add_typer(tags.tag_app, name="tag")
app.add_typer(sensors.sensor_app, name="sensor")

__all__ = [
    "app",
    "documents",
    "look",
    "make",
    "move",
    "sensors",
    "tags",
    "trace",
    "transform",
]
