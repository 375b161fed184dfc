"""What a command works on: the project, by `--target` and `--project` or by a profile, and the run of a folder."""

from __future__ import annotations

__all__ = ["chosen_run", "chosen_target", "target_of"]

from typing import TYPE_CHECKING

from gateway_workbook.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.profile import Profile
    from gateway_workbook.run import Run
    from gateway_workbook.target import Target


def chosen_target(kind: str | None, *, project: str | None = None) -> Target:
    """The target of that kind; without one Azure where a project is named, else the sandbox, which is started.

    Raises UsageError for another kind, and for Azure without a project.
    """
    from gateway_workbook import target as targets

    wanted = kind or ("azure" if project else "sandbox")
    if wanted == "sandbox" and project:
        raise UsageError("--project is for --target azure: the sandbox has one project")
    if wanted == "sandbox":
        return targets.sandbox()
    if wanted != "azure":
        raise UsageError(f"no target '{wanted}': write sandbox or azure")
    return targets.azure(project)


def target_of(profile: Profile, kind: str | None = None) -> Target | None:
    """The target of that kind; without one the sandbox where a URL is its own, else the profile's project.

    None is a gateway with a URL of its own, which needs no project. Raises UsageError for another kind, and for Azure
    without a project.
    """
    from gateway_workbook import target as targets
    from gateway_workbook.probe_session import sandbox_of

    if kind not in (None, "sandbox", "azure"):
        raise UsageError(f"no target '{kind}': write sandbox or azure")
    if kind == "sandbox":
        return targets.sandbox()
    if not kind and (found := sandbox_of(profile.target_url or "", profile.token_url or "")):
        return found
    if kind or profile.project_resource_id or not profile.target_url:
        return targets.azure(profile.project_resource_id)
    return None


def chosen_run(folder: Path) -> Run:
    """The run of a folder; raises UsageError where there is none."""
    from gateway_workbook.run import Run, run_folder

    if not (run_folder(folder) / "run.json").exists():
        why = "holds no run" if run_folder(folder).exists() else "is not there"
        raise UsageError(f"no run folder {folder}: it {why}; give the one that `gateway-workbook run` told at its end")
    return Run.open(folder)
