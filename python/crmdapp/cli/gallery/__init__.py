"""``crmdapp gallery``: works of art, their sales and their history."""

from crmdapp.cli.gallery import auction, board, cases, files, looking, manage, market, mirror
from crmdapp.cli.gallery._app import app

app.add_typer(auction.app, name="auction")
app.add_typer(board.app, name="board")
app.add_typer(manage.app, name="manage")
app.add_typer(mirror.app, name="mirror")

__all__ = [
    "app",
    "auction",
    "board",
    "cases",
    "files",
    "looking",
    "manage",
    "market",
    "mirror",
]
