"""What a test does to the chain is undone, also where another file has a fixture of that name."""

import pytest


@pytest.fixture(scope="module")
def shared():
    """Lasts for a module, here; the class below has another one."""


class TestAnotherOfThatName:
    @pytest.fixture
    def shared(self):
        """Lasts for a test."""

    def test_it_is_set_up_after_the_chain_is_remembered(self, shared, request):
        order = request.node.fixturenames

        assert order.index("_function_isolation") < order.index("shared")
