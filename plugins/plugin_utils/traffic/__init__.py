# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Measured traffic: seeded HTTP requests at one target after another, and what users saw of each.

``plan`` which requests · ``client`` one exchange · ``run`` many, and their records · ``figures`` what they amount to ·
``table`` as text · ``report`` as a file · ``limits`` what is not acceptable · ``controls`` a test upstream's faults and
ledger.
From Python: ``run(requests(templates(…), count, seed, prefix), target, Users(50), timeout_seconds=10)``.
"""
