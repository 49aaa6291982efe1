"""The fields of bossDB's resources, and what each may be sent as.

bossDB is lenient in its own way: numbers may come as text, text as numbers, booleans as ``"true"`` or 1; null only
where it says so. What cannot be read is one error that names each field. Unknown keys are ignored on POST and refused
on the PUT of everything but collections.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from bosslet.catalog.records import DownsampleStatus
from bosslet.errors import InvalidField
from bosslet.volume.image import LEVELS

Json = Any

INTEGER_LIMIT = 2**31
"""bossDB's database keeps 32 bits."""
NUMBER_LIMIT = 1e100
"""Of voxel sizes and times: what is doubled from level to level stays finite."""


def _text(value: Json) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("not a valid string")
    text = str(value).strip()
    if not text.isprintable() and any(0xD800 <= ord(character) < 0xE000 for character in text):
        raise ValueError("not valid Unicode")
    if "\0" in text:
        raise ValueError("null characters are not allowed")
    return text


def _integer(value: Json) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,12}(\.0*)?\s*", value, re.ASCII):
        value = int(value.strip().partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise ValueError("a valid integer is required")
    if not -INTEGER_LIMIT <= value < INTEGER_LIMIT:
        raise ValueError("must lie within 32 bits")
    return value


def _number(value: Json) -> float:
    if isinstance(value, str) and not re.fullmatch(r"\s*[-+]?[0-9]*\.?[0-9]*([eE][-+]?[0-9]+)?\s*", value, re.ASCII):
        raise ValueError("a valid number is required")  # float() takes more: other scripts' digits, and 1_0
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("a valid number is required")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise ValueError("a valid number is required") from error
    if not abs(number) <= NUMBER_LIMIT:
        raise ValueError("a finite number is required")
    return number


def _boolean(value: Json) -> bool:
    known = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if isinstance(value, bool | int | str) and (text := str(value).lower()) in known:
        return known[text]
    raise ValueError("must be a valid boolean")


def _names(value: Json) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be a list of channel names")
    return tuple(value)


def _or_none(value: Json) -> Json:
    return None if value == "" else value


Text = Annotated[str, BeforeValidator(_text)]
Description = Annotated[str, BeforeValidator(_text), Field(max_length=4096)]
Integer = Annotated[int, BeforeValidator(_integer), Field(ge=-INTEGER_LIMIT, lt=INTEGER_LIMIT)]
Level = Annotated[int, BeforeValidator(_integer), Field(ge=LEVELS[0], le=LEVELS[-1])]
"""bossDB takes any number here; but a cutout's URL has one digit for it, and readers of all dialects count up to it."""
Number = Annotated[float, BeforeValidator(_number)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Names = Annotated[tuple[str, ...], BeforeValidator(_names)]
Bucket = Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=64)] | None
Path = Annotated[Annotated[str, BeforeValidator(_text), Field(max_length=4096)] | None, BeforeValidator(_or_none)]

HierarchyMethod = Literal["anisotropic", "isotropic"]
TimeUnit = Literal["nanoseconds", "microseconds", "milliseconds", "seconds", ""]
StorageType = Literal["spdb", "cloudvol"]


class Lenient(BaseModel):
    """A body whose unknown keys are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Strict(BaseModel):
    """A body whose unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NewCollection(Lenient):
    """POST of a collection."""

    description: Description = ""
    public: Boolean = False


class CollectionChanges(Lenient):
    """PUT of a collection."""

    name: Text | None = None
    description: Description | None = None
    public: Boolean | None = None


class NewFrame(Lenient):
    """POST of a coordinate frame; no limit is checked against another, as in bossDB."""

    description: Description = ""
    x_start: Integer
    x_stop: Integer
    y_start: Integer
    y_stop: Integer
    z_start: Integer
    z_stop: Integer
    x_voxel_size: Number
    y_voxel_size: Number
    z_voxel_size: Number
    voxel_unit: Literal["nanometers", "micrometers", "millimeters", "centimeters"]


class NamedFrame(NewFrame):
    """A coordinate frame whose name is in the body, since the URL has none."""

    name: Text


class FrameChanges(Strict):
    """PUT of a coordinate frame: what is measured in it cannot change under the voxels."""

    name: Text | None = None
    description: Description | None = None


class NewExperiment(Lenient):
    """POST of an experiment, without the coordinate frame, which is looked for first."""

    description: Description = ""
    public: Boolean = False
    num_hierarchy_levels: Integer = 1
    hierarchy_method: HierarchyMethod = "anisotropic"
    num_time_samples: Integer = 1
    time_step: Integer | None = None
    time_step_unit: TimeUnit | None = None


class ExperimentChanges(Strict):
    """PUT of an experiment."""

    name: Text | None = None
    description: Description | None = None
    public: Boolean | None = None
    num_hierarchy_levels: Integer | None = None
    hierarchy_method: HierarchyMethod | None = None
    num_time_samples: Integer | None = None
    time_step: Integer | None = None
    time_step_unit: TimeUnit | None = None


class NewChannel(Lenient):
    """POST of a channel."""

    type: Literal["image", "annotation"]
    datatype: Literal["uint8", "uint16", "uint32", "uint64"]
    description: Description = ""
    public: Boolean = False
    default_time_sample: Integer = 0
    base_resolution: Level = 0
    sources: Names = ()
    related: Names = ()
    downsample_status: DownsampleStatus = DownsampleStatus.NOT_DOWNSAMPLED
    storage_type: StorageType = "spdb"
    bucket: Bucket = None
    cv_path: Path = None


class ChannelChanges(Strict):
    """PUT of a channel. What the lists leave out is taken away, and a list that is left out is empty, as in bossDB."""

    name: Text | None = None
    description: Description | None = None
    public: Boolean | None = None
    default_time_sample: Integer | None = None
    base_resolution: Level | None = None
    sources: Names = ()
    related: Names = ()
    storage_type: StorageType | None = None
    bucket: Bucket = None
    cv_path: Path = None


Body = TypeVar("Body", bound=BaseModel)

NULLABLE = frozenset({"time_step", "time_step_unit", "bucket", "cv_path"})


def parse(model: type[Body], content: dict[str, Json]) -> Body:
    """The fields of a body.

    Raises:
        InvalidField: some field is missing, unknown or wrong; the message names each.
    """
    nulls = {key for key, value in content.items() if value is None and key in model.model_fields} - NULLABLE
    if nulls:
        raise InvalidField(_message(dict.fromkeys(sorted(nulls), "may not be null")))
    try:
        return model.model_validate(content)
    except ValidationError as error:
        reasons = {str(item["loc"][0]): item["msg"].removeprefix("Value error, ") for item in error.errors()}
        raise InvalidField(_message(reasons)) from error


def changes(body: BaseModel) -> dict[str, Json]:
    """The fields of a PUT that the client did send."""
    return body.model_dump(exclude_unset=True)


def _message(reasons: dict[str, str]) -> str:
    return "; ".join(f"{field}: {reason}" for field, reason in reasons.items())
