"""What is taken up, and what is left as it is. NGINX, which is not on every machine, is played by a list."""

from __future__ import annotations

import logging

import pytest
from botocore.exceptions import EndpointConnectionError
from edge.follow import Follower
from edge.nginx import NginxError
from edge_documents import distribution, items, origin


class Distributions:
    """The API: what it says, or what it raises."""

    def __init__(self, *found):
        self.found = list(found)
        self.error = None

    def distributions(self):
        if self.error:
            raise self.error
        return self.found

    def response_headers_policies(self):
        return {}


class Server:
    """NGINX: refuses what has one of the words in it, keeps what it was told to serve."""

    def __init__(self):
        self.refuses = []
        self.served = []

    def check(self, configuration):
        for word in self.refuses:
            if word in configuration:
                raise NginxError(f"no {word}")

    def serve(self, configuration):
        self.check(configuration)
        self.served.append(configuration)


@pytest.fixture
def trust(tmp_path):
    files = [tmp_path / name for name in ("certificate", "key", "ca")]
    for file in files:
        file.write_text(file.name)
    return files


@pytest.fixture
def nginx():
    return Server()


@pytest.fixture
def api():
    local = origin("localhost")
    return Distributions(
        distribution(Id="EGOOD", DomainName="good.cloudfront.net", Origins=items(local)),
        distribution(Id="EODD", DomainName="odd.cloudfront.net", Origins=items({**local, "OriginPath": "/odd"})),
    )


@pytest.fixture
def follower(api, nginx, trust, caplog):
    caplog.set_level(logging.INFO)
    return Follower(api, nginx, ("127.0.0.1", 4566), tuple(trust))


def test_what_has_not_changed_is_taken_up_once(follower, nginx):
    for _ in range(3):
        follower.step()
    assert len(nginx.served) == 1
    assert "server 127.0.0.1:8443" in nginx.served[0]


def test_a_change_of_a_distribution_or_of_a_certificate_is_taken_up(follower, nginx, api, trust):
    follower.step()
    api.found.pop()
    follower.step()
    trust[0].write_text("renewed")
    follower.step()
    assert len(nginx.served) == 3
    assert "odd.cloudfront.net" not in nginx.served[-1]


def test_a_distribution_that_nginx_refuses_answers_502_and_the_others_are_served(follower, nginx, caplog):
    nginx.refuses = ["/odd"]
    follower.step()
    follower.step()
    [served] = nginx.served
    assert "server_name good.cloudfront.net" in served
    assert "server_name odd.cloudfront.net" in served
    assert "/odd" not in served
    assert caplog.messages.count("distribution EODD is answered 502: no /odd") == 1


def test_while_nginx_refuses_everything_it_is_asked_again_and_told_of_once(follower, nginx, caplog):
    nginx.refuses = ["http {"]
    follower.step()
    follower.step()
    assert nginx.served == []
    assert caplog.messages == ["nothing new is taken up: no http {"]
    nginx.refuses = []
    follower.step()
    assert len(nginx.served) == 1
    assert "over: nothing new is taken up: no http {" in caplog.messages


@pytest.mark.parametrize("lost", ["api", "certificate"])
def test_without_the_api_or_a_certificate_nginx_is_left_alone(follower, nginx, api, trust, caplog, lost):
    api.found[0]["DefaultRootObject"] = "index.html"
    follower.step()
    if lost == "api":
        api.error = EndpointConnectionError(endpoint_url="http://198.18.0.5:4566")
    else:
        trust[0].unlink()
    follower.step()
    assert len(nginx.served) == 1
    assert caplog.messages[-1].startswith("nothing new is taken up: ")
    assert not any(message.startswith("over: ") for message in caplog.messages)
