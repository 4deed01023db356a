"""What all sections of a configuration share: they are frozen, and know no field but their own."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    def given(self):
        """The values that are not left to their defaults, as nested dicts, each with the kind of its section.

        What follows from another setting, the hole from the image's size for one, follows anew from these.
        """
        names = self.model_fields_set | ({"kind"} & set(type(self).model_fields))
        values = {name: getattr(self, name) for name in names}
        return {name: value.given() if isinstance(value, Section) else value for name, value in values.items()}

    def filled_in(self, **values):
        """A copy with values for the fields that are None, which still count as not given."""
        return self.following({name: value for name, value in values.items() if getattr(self, name) is None})

    def following(self, values):
        """A copy with other values for some fields, which count as given only where they were."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_construct(set(self.model_fields_set), **{**fields, **values})

    def arguments(self):
        """Its fields by keyword, for the network or trainer that it describes."""
        return {name: getattr(self, name) for name in type(self).model_fields if name != "kind"}
