"""Pictures of origins and ways: valid, escaped, readable without eyes, and loading nothing."""

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdapp.errors import FileRejected, UsageError
from crmdapp.provenance.gs1.event import EpcisEvent
from crmdapp.provenance.places import Place, Places, read_places
from crmdapp.provenance.trace_svg import ItemLabel, Stop, journey_svg, origin_svg
from crmdapp.provenance.tracing import origin
from tests.provenance.test_item_tracing import Story, stories

NAME = "{http://www.w3.org/2000/svg}"
BERLIN = Place("b", "Berlin", 52.5, 13.4)
BOGOTA = Place("c", "Bogotá", 4.7, -74.1)
FIJI, SAMOA = Place("f", "Fiji", -17.8, 178.0), Place("s", "Samoa", -13.8, -171.8)


def parsed(text):
    root = ElementTree.fromstring(text)
    assert root.tag == f"{NAME}svg"
    assert root.get("role") == "img"
    named = [root.find(f"{NAME}{tag}") for tag in ("title", "desc")]
    assert all(element.text for element in named)
    assert root.get("aria-labelledby").split() == [element.get("id") for element in named]
    for word in ("http:", "https:", "<script", "url(h", "@import", "<image", "<use"):
        assert word not in text.replace('xmlns="http://www.w3.org/2000/svg"', "")
    return root


def label(item):
    return ItemLabel(f"item {item}", "note", item == 1)


# ----------------------------------------------------------------- origins


def test_origin_draws_each_item_and_link_once():
    story = Story()
    green, sugar = story.items(2)
    (roast,) = story.make([green])
    (cup,) = story.make([roast, sugar])
    story.pack(cup, sugar)
    root = parsed(origin_svg(origin(story.links, cup), label, title="Cup"))
    assert len(root.findall(f".//{NAME}rect")) == 4
    arrows = root.findall(f"{NAME}path")
    assert [path.get("class") for path in arrows].count("e h") == 1
    assert len(arrows) == 4
    assert {rect.get("class") for rect in root.findall(f".//{NAME}rect")} == {"b", "r", "w"}


@given(stories())
def test_origin_of_anything_is_valid(story):
    for item in (1, story.made):
        found = origin(story.links, item)
        root = parsed(origin_svg(found, label, title="x"))
        assert len(root.findall(f".//{NAME}rect")) == len(found.items)


def test_origin_draws_what_goes_in_left_of_what_comes_out():
    story = Story()
    (item,) = story.items(1)
    for _ in range(4):
        (item,) = story.make([item, story.item()])
    found = origin(story.links, item)
    root = parsed(origin_svg(found, label, title="x"))
    places = [int(rect.get("x")) for rect in root.findall(f".//{NAME}rect")]
    x = dict(zip(found.items, places, strict=True))
    assert all(x[edge.source] < x[edge.item] for edge in found.edges)


def test_origin_draws_thousands():
    story = Story()
    item = story.item()
    for _ in range(2_000):
        (item,) = story.make([item])
    parsed(origin_svg(origin(story.links, item), label, title="x"))


@given(st.text(max_size=300))
def test_any_text_is_escaped(text):
    story = Story()
    item = story.item()
    parsed(origin_svg(origin(story.links, item), lambda _: ItemLabel(text, text), title=text + "."))
    parsed(journey_svg([Stop(text, text, text, Place("p", text))], title=text + "."))


# ----------------------------------------------------------------- ways


def test_journey_without_places_is_drawn_in_lanes():
    stops = [Stop("farmer", "made", "1 May"), Stop("roaster", "handed over", "2 May")]
    root = parsed(journey_svg(stops, title="Way"))
    assert len(root.findall(f".//{NAME}circle")) == 2
    assert "2 holders" in root.find(f"{NAME}desc").text


def test_journey_with_places_is_drawn_on_a_map():
    stops = [
        Stop("farmer", "made", "1 May", BOGOTA),
        Stop("carrier", "handed over", "2 May"),
        Stop("roaster", "handed over", "9 May", BERLIN),
    ]
    root = parsed(journey_svg(stops, title="Way"))
    first, second = root.findall(f".//{NAME}circle")
    assert int(first.get("cx")) < int(second.get("cx"))  # Berlin is east
    assert int(first.get("cy")) > int(second.get("cy"))  # and north
    texts = [element.text for element in root.findall(f"{NAME}text")]
    assert any(text.startswith("2. 2 May: handed over, carrier") for text in texts)


def test_journey_across_the_date_line_is_short():
    root = parsed(journey_svg([Stop("a", "", "", FIJI), Stop("b", "", "", SAMOA)], title="Way"))
    first, second = root.findall(f".//{NAME}circle")
    assert int(first.get("cx")) < int(second.get("cx"))  # Samoa lies east of Fiji


@given(
    st.lists(
        st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(
            lambda at: Stop("a", "b", "c", Place("p", "", *at))
        ),
        min_size=1,
        max_size=8,
    )
)
def test_journey_of_any_places_fits_its_picture(stops):
    root = parsed(journey_svg(stops, title="Way"))
    width, height = int(root.get("width")), int(root.get("height"))
    for circle in root.findall(f".//{NAME}circle"):
        assert 0 <= int(circle.get("cx")) <= max(width, 720)
        assert 0 <= int(circle.get("cy")) <= height


# ----------------------------------------------------------------- places


def write(tmp_path, text):
    path = tmp_path / "places.json"
    path.write_text(text)
    return path


def test_places_are_found_by_any_form_of_their_number(tmp_path):
    link = "https://id.gs1.org/414/0614141073467"
    body = {"urn:epc:id:sgln:0614141.07346.0": {"lat": 4.7, "lon": -74.1, "name": "Farm"}}
    places = read_places(write(tmp_path, json.dumps(body)))
    event = EpcisEvent({"bizLocation": {"id": link}, "readPoint": {"id": link}})
    assert places.of_event(event) == Place(link, "Farm", 4.7, -74.1)
    assert places.of_event(EpcisEvent({})) is None


@pytest.mark.parametrize(
    ("text", "lat"),
    [("geo:52.5,13.4", 52.5), ("geo:-4,5;u=35", -4.0), ("geo:95,5", None), ("geo:x", None)],
)
def test_geo_addresses_bear_their_coordinates(text, lat):
    found = Places().of_event(EpcisEvent({"readPoint": {"id": text}}))
    assert (found.lat, found.is_located) == (lat, lat is not None)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{",
        '{"a": 5}',
        '{"a": {"lat": 91, "lon": 0}}',
        '{"a": {"lat": 1}}',
        '{"a": {"lat": 1, "lon": true}}',
        '{"a": {"lat": 1, "lon": 1, "x": 1}}',
        '{"a": {"lat": 1, "lon": 1, "name": 5}}',
    ],
)
def test_read_places_names_what_is_wrong(tmp_path, text):
    with pytest.raises(FileRejected):
        read_places(write(tmp_path, text))


def test_read_places_refuses_no_file(tmp_path):
    with pytest.raises(UsageError):
        read_places(tmp_path / "none.json")
