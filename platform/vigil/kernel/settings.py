"""Where each setting comes from: the environment (`VIGIL_*`), then vigil.toml, then its default.

Every domain has its own small class of settings; `vigil.app.settings.Settings` is their sum and is
passed in, never imported from below.
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from vigil.kernel.errors import Fault, Invalid

PREFIX = "VIGIL_"
MASK = "********"


class KernelSettings(BaseSettings):
    """What every process needs.

    Attributes are documented in docs/settings.md; a test keeps the two alike.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Field(default=Path("var"), description="folder of everything that Vigil keeps")
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL; default: SQLite in the data folder"
    )
    object_store: Path | None = Field(
        default=None,
        description="folder of the object store; default: `objects` in the data folder",
    )
    secret_file: Path | None = Field(
        default=None,
        description="the installation's secret; made if absent; default: in the data folder",
    )
    http_host: str = Field(default="127.0.0.1", description="address the console listens on")
    http_port: int = Field(default=8080, description="port of the console and the API")
    public_url: str | None = Field(
        default=None,
        description="address under which people reach the console; default: the HTTP one",
    )
    cookie_secure: bool = Field(
        default=False, description="set the Secure flag on cookies; switch on behind TLS"
    )
    brand: Literal["neutral", "nhs-organisation"] = Field(
        default="neutral",
        description="header of the console; the NHS one needs the NHS's permission",
    )
    assets_dir: Path = Field(
        default=Path("build/assets"),
        description="folder of the pages' static files, filled by `vigil assets build`",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        toml = TomlConfigSettingsSource(settings_cls, toml_file=config_file())
        return init_settings, env_settings, toml

    @property
    def database(self) -> str:
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'vigil.sqlite'}"

    @property
    def objects(self) -> Path:
        return self.object_store or self.data_dir / "objects"

    @property
    def secret(self) -> Path:
        return self.secret_file or self.data_dir / "secret.key"

    @property
    def url(self) -> str:
        return self.public_url or f"http://{self.http_host}:{self.http_port}"


@dataclass(frozen=True)
class Setting:
    """One setting as `vigil config show` prints it."""

    name: str
    value: str
    source: str
    description: str


def config_file() -> Path:
    """Return the path of vigil.toml: `VIGIL_CONFIG`, or the one in this folder."""
    return Path(os.environ.get(f"{PREFIX}CONFIG", "vigil.toml"))


def load(kind: type[KernelSettings]) -> Any:
    """Read the settings of `kind`.

    Raises:
        Invalid: a value does not fit, or vigil.toml names a setting that does not exist.
    """
    try:
        return kind()
    except ValidationError as error:
        faults = [
            Fault(
                ".".join(str(part) for part in fault["loc"]),
                fault["msg"],
                f"Set {PREFIX}{'_'.join(str(p) for p in fault['loc']).upper()} or {config_file()}",
            )
            for fault in error.errors(include_input=False)
        ]
        raise Invalid.because(faults) from None
    except tomllib.TOMLDecodeError as error:
        raise Invalid.because([Fault(str(config_file()), str(error), "Write it as TOML")]) from None


def explain(settings: KernelSettings) -> list[Setting]:
    """List every setting with its value and source; secrets are masked."""
    path = config_file()
    in_file = tomllib.loads(path.read_text()) if path.exists() else {}
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        variable = f"{PREFIX}{name.upper()}"
        source = "default"
        if variable in os.environ:
            source = variable
        elif name in in_file:
            source = str(path)
        shown = MASK if isinstance(value, SecretStr) else "" if value is None else str(value)
        rows.append(Setting(name, shown, source, field.description or ""))
    return rows
