"""Links as pictures and files."""

import stat

import pytest

from crmdapp.chain.qr import qr_png, qr_svg, write_link
from crmdapp.errors import UsageError
from tests.fixtures.qr import scan

PAGE = "https://shop.example/gift"
PAYLOAD = "RwEA" + "BwcH" * 22


@pytest.mark.parametrize("picture", [qr_png, qr_svg], ids=["png", "svg"])
@pytest.mark.parametrize("base", ["crmdapp:gift", PAGE, f"{PAGE}/{'x' * 200}"], ids=len)
def test_qr_code_shows_the_link(picture, base):
    link = f"{base}#{PAYLOAD}"
    assert scan(picture(link)) == link


@pytest.mark.parametrize("name", ["gift.png", "gift.SVG", "gift.txt", "gift"])
def test_write_link_makes_a_file_only_its_owner_can_read(tmp_path, name):
    link = f"{PAGE}#{PAYLOAD}"
    path = tmp_path / name
    write_link(path, link)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    shown = scan(data) if path.suffix.lower() in (".png", ".svg") else data.decode().strip()
    assert shown == link
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_write_link_overwrites_nothing(tmp_path):
    path = tmp_path / "gift.txt"
    path.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        write_link(path, "link")
    assert path.read_text() == "mine"
