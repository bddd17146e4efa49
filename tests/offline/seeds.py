"""What each agent program needs to come up in the jail without asking: settings in its home, variables, arguments.

Every key is a dummy; the only service it can reach is the model server on the jail's loopback.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PORT = 8901
SERVICE = f"http://127.0.0.1:{PORT}"
HOME = "/jail/home"
CWD = "/jail/work"
KEY = "dummy-key-for-the-jail-0123456789"


@dataclass(frozen=True)
class Seed:
    """One program in the jail."""

    name: str  # as in the table, and the folder below target/agents
    protocol: str
    version: str
    env: dict[str, str]
    args: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)  # below the home
    trust: tuple[str, ...] = ()  # of `files`, those that make it trust the folder
    untrusted: dict[str, str] = field(default_factory=dict)  # what stands in those instead, when it shall ask
    plain: bool = False  # it never offers tools to the model
    size: str = "120x40"
    prepare: Callable[[Path], None] | None = None  # of the working directory
    owns: tuple[str, ...] = ()  # files of the working directory that the program itself makes
    rewrites: tuple[str, ...] = ()  # of `files`, those that the program itself adds to

    @property
    def program(self) -> str:
        return self.name.split("-")[0]


def as_json(value: Any) -> str:
    return json.dumps(value, indent=1)


def git_repository(cwd: Path) -> None:
    """A repository with one commit, as aider expects it."""
    (cwd / "extra.txt").write_text("an extra file\n")
    author = ["-c", "user.name=Somebody", "-c", "user.email=somebody@localhost"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*author, "commit", "-q", "-m", "start"]):
        subprocess.run(["git", "-C", str(cwd), *command], check=True)


def claude(name: str, version: str) -> Seed:
    settings = {
        "hasCompletedOnboarding": True,
        "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
    }
    trusted = {CWD: {"hasTrustDialogAccepted": True}}
    return Seed(
        name=name,
        protocol="claude",
        version=version,
        env={
            "ANTHROPIC_BASE_URL": SERVICE,
            "ANTHROPIC_API_KEY": KEY,
            "CLAUDE_CODE_MAX_RETRIES": "2",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
        },
        files={".claude.json": as_json({**settings, "projects": trusted})},
        trust=(".claude.json",),
        untrusted={".claude.json": as_json(settings)},
        rewrites=(".claude.json",),
    )


CODEX_CONFIG = f"""
model = "fake-model"
model_provider = "fake"
approval_policy = "on-request"
sandbox_mode = "read-only"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.fake]
name = "fake"
base_url = "{SERVICE}/v1"
wire_api = "responses"
env_key = "FAKE_API_KEY"
request_max_retries = 2
stream_max_retries = 1

[projects."{CWD}"]
trust_level = "trusted"
"""

GEMINI_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}

QWEN_SETTINGS = {
    "$version": 4,  # of its form: an older one is rewritten by the program itself
    "memory": {"enableManagedAutoMemory": False, "enableManagedAutoDream": False},
    # It asks about a folder only where this is on.
    "security": {"auth": {"selectedType": "openai"}, "folderTrust": {"enabled": True}},
    "general": {"enableAutoUpdate": False},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
}

OPENCODE_SETTINGS = {
    "model": "fake/fake-model",
    "small_model": "fake/fake-model",
    "provider": {
        "fake": {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Fake",
            "options": {"baseURL": f"{SERVICE}/v1", "apiKey": KEY},
            "models": {"fake-model": {"name": "Fake Model"}},
        }
    },
    "autoupdate": False,
    "share": "disabled",
    "permission": {"edit": "ask", "bash": "ask"},
}

SEEDS = [
    Seed(
        name="aider",
        protocol="aider",
        version="0.86.2",
        env={"OPENAI_API_BASE": f"{SERVICE}/v1", "OPENAI_API_KEY": KEY},
        args=[
            "--model",
            "openai/fake-model",
            "--no-check-update",
            "--no-analytics",
            "--no-show-model-warnings",
            "--no-show-release-notes",
            "--no-gitignore",
        ],
        files={
            ".gitconfig": "[user]\n\tname = Somebody\n\temail = somebody@localhost\n",
            ".aider.model.settings.yml": "- name: openai/fake-model\n  edit_format: diff\n",
        },
        plain=True,
        prepare=git_repository,
        owns=(".aider.chat.history.md", ".aider.input.history", ".aider.tags.cache.v4", ".git"),
    ),
    claude("claude", "2.1.329"),
    claude("claude-2.1.197", "2.1.197"),
    Seed(
        name="codex",
        protocol="codex",
        version="0.169.0",
        env={"FAKE_API_KEY": KEY},
        files={".codex/config.toml": CODEX_CONFIG},
        trust=(".codex/config.toml",),
        rewrites=(".codex/config.toml",),
    ),
    Seed(
        name="gemini",
        protocol="gemini",
        version="0.61.0",
        env={"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": SERVICE},
        files={
            ".gemini/settings.json": as_json(GEMINI_SETTINGS),
            ".gemini/trustedFolders.json": as_json({CWD: "TRUST_FOLDER"}),
        },
        trust=(".gemini/trustedFolders.json",),
    ),
    Seed(
        name="qwen",
        protocol="qwen",
        version="0.24.4",
        env={"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{SERVICE}/v1", "OPENAI_MODEL": "fake-model"},
        files={
            ".qwen/settings.json": as_json(QWEN_SETTINGS),
            ".qwen/trustedFolders.json": as_json({CWD: "TRUST_FOLDER"}),
        },
        trust=(".qwen/trustedFolders.json",),
    ),
    Seed(
        name="opencode",
        protocol="opencode",
        version="1.18.33",
        env={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_LSP_DOWNLOAD": "1"},
        files={".config/opencode/opencode.json": as_json(OPENCODE_SETTINGS)},
        rewrites=(".config/opencode/opencode.json",),
    ),
    Seed(
        name="copilot",
        protocol="copilot",
        version="1.0.102",
        env={
            "COPILOT_PROVIDER_BASE_URL": f"{SERVICE}/v1",
            "COPILOT_PROVIDER_API_KEY": KEY,
            "COPILOT_MODEL": "fake-model",
            "COPILOT_OFFLINE": "true",
            "COPILOT_AUTO_UPDATE": "false",
        },
        files={".copilot/config.json": as_json({"trustedFolders": [CWD]}), ".copilot/settings.json": as_json({"banner": "never"})},
        trust=(".copilot/config.json",),
        # It keeps notes of its own there (firstLaunchAt, appTipShown, …), below a comment that says so.
        rewrites=(".copilot/config.json",),
    ),
]
BY_NAME = {seed.name: seed for seed in SEEDS}


def plant(seed: Seed, home: Path, cwd: Path, what: str = "all") -> None:
    """An empty home and working directory with what the program needs.

    `untrusted` leaves out what answers its question about the folder, `nothing` all settings.
    """
    for folder in (home, cwd):
        empty(folder)
    left_out = {"all": (), "untrusted": seed.trust, "nothing": tuple(seed.files)}[what]
    for path, text in seed.files.items():
        if path in left_out:
            text = seed.untrusted.get(path, "") if what == "untrusted" else ""
        if text:
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
    (cwd / "readme.txt").write_text("a file of the user's\n")
    if seed.prepare:
        seed.prepare(cwd)


def empty(folder: Path) -> None:
    """What the program before left running may still write; it has been told to end."""
    folder.mkdir(parents=True, exist_ok=True)
    for _ in range(50):
        if subprocess.run(["find", str(folder), "-mindepth", "1", "-delete"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.1)
    raise OSError(f"failed to empty {folder}")


def environment(seed: Seed, with_keys: bool = True) -> dict[str, str]:
    """The whole environment of ptych in the jail."""
    return {
        "HOME": HOME,
        "PATH": f"/agents/{seed.name}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "USER": "root",
        "SHELL": "/bin/bash",
        "NO_PROXY": "127.0.0.1",
        **(seed.env if with_keys else {}),
    }


if __name__ == "__main__":
    for entry in SEEDS:
        print(
            f"{entry.name}: {entry.program} {' '.join(entry.args)}\n  {' '.join(f'{k}={v}' for k, v in entry.env.items())}\n  {' '.join(entry.files)}"
        )
