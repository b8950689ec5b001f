#!/usr/bin/python
# Copyright: Steadyfront maintainers
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0), or at your option
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt), as modules of Ansible are
"""A CloudFront distribution: read, laid over with what is wanted, compared, and updated when they differ."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudfront_distribution
short_description: Manage a CloudFront distribution, all of its settings
version_added: 0.1.0
author: Steadyfront maintainers (@steadyfront)
description:
  - Creates, changes and deletes a CloudFront distribution.
  - O(config) has the structure of the API's C(DistributionConfig), in snake_case. Whatever the installed botocore knows
    is accepted; what it does not know is refused before anything is asked of AWS.
  - What O(config) does not mention stays as it is. A list that is given is owned whole, and its elements, which are
    told apart by C(id), C(path_pattern), C(error_code), C(header_name) or C(event_type), keep what is not mentioned of
    them. C(null) takes a setting away.
  - Order matters for C(cache_behaviors) and for the members of an origin group only.
  - A change that somebody else makes at the same time is not overwritten, the settings are read and laid over again.
options:
  name:
    description:
      - What the distribution is known by, unique in the account and never changed. CloudFront keeps it as the caller
        reference.
      - Needed to create a distribution.
    type: str
  distribution_id:
    description: The identifier of a distribution that is there, in the place of O(name).
    type: str
  state:
    description:
      - V(present) creates or changes it.
      - V(absent) disables it, waits until that has reached every edge, and deletes it.
    type: str
    choices: [present, absent]
    default: present
  config:
    description:
      - "The settings, such as C(origins), C(default_cache_behavior), C(cache_behaviors), C(aliases),
        C(viewer_certificate), C(custom_error_responses), C(logging), C(price_class) and C(enabled). All of them are
        described in U(https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html)."
      - "What the API writes as C({Quantity, Items}) is a list: C(aliases: [www.example.com]). Where there is more
        beside the items, these are C(items): C(allowed_methods: {items: [GET, HEAD], cached_methods: [GET, HEAD]})."
      - A new distribution is enabled, a new custom origin has the ports 80 and 443, and a certificate of one's own
        goes with C(sni-only) and C(TLSv1.2_2021), unless it says otherwise.
      - Values of origins' custom headers are shown nowhere.
    type: dict
  tags:
    description: The distribution's tags, all of them. Left out, they stay as they are, as those of AWS (C(aws:)) do.
    type: dict
  wait:
    description: Wait until a change has reached every edge, which takes some minutes.
    type: bool
    default: false
  wait_timeout_seconds:
    description: How long to wait at most; for O(state=absent) too.
    type: int
    default: 1800
attributes:
  check_mode:
    description: Asks AWS for what is there, and says what it would change.
    support: full
  diff_mode:
    description: Shows the settings and tags before and after, without secrets.
    support: full
extends_documentation_fragment:
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: An API on a domain of its own, nothing of it cached
  steadyfront.fleet.cloudfront_distribution:
    name: api
    config:
      comment: Before the API
      aliases: [api.example.com]
      viewer_certificate:
        acm_certificate_arn: arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012
      origins:
        - id: api
          domain_name: origin.example.com
          custom_origin_config: {origin_protocol_policy: https-only, origin_ssl_protocols: [TLSv1.2]}
          custom_headers:
            - {header_name: X-Origin-Secret, header_value: "{{ origin_secret }}"}
      default_cache_behavior:
        target_origin_id: api
        viewer_protocol_policy: https-only
        cache_policy_id: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad  # CachingDisabled
        allowed_methods: {items: [GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE]}
    tags: {service: api}
    wait: true

- name: Change one setting of it, and nothing else
  steadyfront.fleet.cloudfront_distribution:
    name: api
    config: {price_class: PriceClass_100}

- name: Take the web ACL away
  steadyfront.fleet.cloudfront_distribution:
    name: api
    config: {web_acl_id: null}

- name: Delete it
  steadyfront.fleet.cloudfront_distribution:
    name: api
    state: absent
"""

RETURN = r"""
distribution:
  description: The distribution as it is now, or in check mode as it would be. Empty when it is absent.
  returned: success
  type: dict
  contains:
    id: {description: Its identifier., type: str, returned: unless it would be created, sample: E1A2B3C4D5E6F7}
    arn: {description: Its ARN., type: str, returned: unless it would be created}
    domain_name:
      description: The name to which DNS must lead.
      type: str
      returned: unless it would be created
      sample: d111111abcdef8.cloudfront.net
    status: {description: C(InProgress) or C(Deployed)., type: str, returned: unless it would be created}
    etag: {description: The version of its settings., type: str, returned: unless it would be created}
    config: {description: 'Its settings, in the form of O(config), without secrets.', type: dict, returned: always}
    tags: {description: Its tags., type: dict, returned: always}
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.steadyfront.fleet.plugins.module_utils import cloudfront
from ansible_collections.steadyfront.fleet.plugins.module_utils.api_settings import (
    Hidden,
    Settings,
    SettingsError,
    tags_after,
)
from ansible_collections.steadyfront.fleet.plugins.module_utils.aws_calls import guarded
from ansible_collections.steadyfront.fleet.plugins.module_utils.cloudfront_api import (
    RACES,
    Distribution,
    certificate_names,
    find_distribution,
)

try:
    from botocore import xform_name
    from botocore.exceptions import WaiterError
except ImportError:
    pass  # AnsibleAWSModule says so

MOST_RACES = 5


class Run:
    """One call of the module."""

    def __init__(self, module: AnsibleAWSModule, settings: Settings, client: Any) -> None:
        self.module = module
        self.options = module.params
        self.settings = settings
        self.client = client
        self.hide = Hidden()

    def present(self, wanted: dict[str, Any]) -> None:
        for _attempt in range(MOST_RACES):
            found = self._find(wanted)
            config, tags = self._plan(found, wanted)
            before, after = self._shown(found.config, found.tags), self._shown(config, tags)
            changed = before != after or not found.id
            if not self.module.check_mode:
                try:
                    self._apply(found, config if before["config"] != after["config"] else None, tags)
                except is_boto3_error_code(RACES):
                    continue
                if self.options["wait"]:
                    self._wait(found)
                found.read()
            known = {"id": found.id, "etag": found.etag, **found.facts} if found.id else {}
            self.module.exit_json(changed=changed, distribution={**known, **after}, diff=_diff(before, after))
        self.module.fail_json(msg=f"somebody else changed {found.id} {MOST_RACES} times meanwhile: run it again")

    def absent(self) -> None:
        found = self._find({})
        before = self._shown(found.config, found.tags) if found.id else {}
        if found.id and not self.module.check_mode:
            if found.config["Enabled"]:
                found.update({**found.config, "Enabled": False})
            self._wait(found)
            found.read().delete()
        self.module.exit_json(changed=bool(found.id), distribution={}, diff=_diff(before, {}))

    def _find(self, wanted: dict[str, Any]) -> Distribution:
        aliases = (wanted.get("Aliases") or {}).get("Items") or []
        return find_distribution(self.client, self.options["name"], self.options["distribution_id"], aliases)

    def _plan(self, found: Distribution, wanted: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
        """The whole settings and tags. Fails when they cannot work, before anything is changed."""
        if not found.id and not self.options["name"]:
            self.module.fail_json(
                msg=f"distribution_id is {self.options['distribution_id']}: there is no such distribution"
            )
        current = found.config or {"CallerReference": self.options["name"]}
        config = self.settings.overlay(current, cloudfront.choose_certificate(current, wanted))
        faults = [f"{option} is missing" for option in self.settings.missing(config, "config")]
        faults += cloudfront.faults(config, "config")
        if not faults:
            faults = self._certificate_faults(found.config, config)
        if faults:
            self.module.fail_json(msg="\n".join(faults))
        return config, tags_after(found.tags, self.options["tags"])

    def _certificate_faults(self, current: dict[str, Any], config: dict[str, Any]) -> list[str]:
        """Whether the certificate covers the aliases, asked when either is new."""
        arn, aliases = _certificate(config)
        if not arn or _certificate(current) == (arn, aliases):
            return []
        try:
            names = certificate_names(self.module, arn)
        except is_boto3_error_code("AccessDeniedException"):
            self.module.warn(f"acm:DescribeCertificate is not allowed: whether {arn} covers the aliases is not known")
            return []
        except is_boto3_error_code("ResourceNotFoundException"):
            return [f"config.viewer_certificate.acm_certificate_arn is {arn}: there is no such certificate"]
        return [
            f"config.aliases has {alias}: the certificate {arn} covers {', '.join(sorted(names))}"
            for alias in cloudfront.uncovered(sorted(aliases), names)
        ]

    def _apply(self, found: Distribution, config: dict[str, Any] | None, tags: dict[str, str]) -> None:
        if not found.id:
            found.create(config or {}, tags)
            return
        if config is not None:
            found.update(config)
        if found.tags != tags:
            found.tag(tags)

    def _wait(self, found: Distribution) -> None:
        seconds = self.options["wait_timeout_seconds"]
        try:
            found.wait(seconds)
        except WaiterError as error:
            self.module.fail_json_aws(
                error,
                msg=f"{found.id} has not reached every edge within wait_timeout_seconds ({seconds}): run it again",
            )

    def _shown(self, config: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
        return {"config": self.settings.options(config, self.hide), "tags": tags}


def _certificate(config: dict[str, Any]) -> tuple[str, set[str]]:
    """The ACM certificate and the aliases that it must cover."""
    arn = config.get("ViewerCertificate", {}).get("ACMCertificateArn", "")
    return arn, set(config.get("Aliases", {}).get("Items") or [])


def _diff(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {"before": before, "after": after}


def ensure(module: AnsibleAWSModule, client: Any) -> None:
    shape = client.meta.service_model.shape_for("DistributionConfig")
    settings = Settings(shape, cloudfront.CUSTOMS, xform_name)
    options = module.params["config"] or {}
    module.no_log_values.update(settings.secrets(options))
    wanted = settings.parse(options, "config")
    if "CallerReference" in wanted:
        raise SettingsError(["config.caller_reference is what name is: leave it out"])
    run = Run(module, settings, client)
    if module.params["state"] == "absent":
        run.absent()
    else:
        run.present(wanted)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str"},
            "distribution_id": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "config": {"type": "dict"},
            "tags": {"type": "dict"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout_seconds": {"type": "int", "default": 1800},
        },
        required_one_of=[("name", "distribution_id")],
        mutually_exclusive=[("name", "distribution_id")],
        supports_check_mode=True,
        # Its arguments are not written to the system's log: secrets are in them.
        no_log=True,
    )
    guarded(module, "cloudfront", lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
