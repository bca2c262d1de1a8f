//! The key `hooks`: commands around a change of generation.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use super::command::RawCommand;
use super::command::Time;
use crate::code::Code;
use crate::conduct::Hook;
use crate::conduct::Hooks;
use crate::manifest::check::Checker;
use crate::manifest::field::Field;
use crate::manifest::text::Span;

/// Commands around a change of generation, each a list, never a line for a shell.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Hooks", deny_unknown_fields)]
pub(in crate::manifest) struct RawHooks {
    /// Before anything is changed, in order: one that fails stops the change.
    #[serde(rename = "before-switch")]
    before_switch: Option<Field<Vec<Field<RawHook>>>>,
    /// When the generation is current and its services are up, in order: one that fails takes the change back.
    #[serde(rename = "after-switch")]
    after_switch: Option<Field<Vec<Field<RawHook>>>>,
}

/// One command: the list itself, or a map with `run` and how long it may take.
#[derive(Debug, Deserialize)]
pub(in crate::manifest) enum RawHook {
    #[serde(rename = "list")]
    Short(RawCommand),
    #[serde(rename = "map")]
    Table(RawHookTable),
}

/// One command and how long it may take.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Hook", deny_unknown_fields)]
pub(in crate::manifest) struct RawHookTable {
    /// The program and its arguments.
    #[schemars(required)]
    run: Option<Field<RawCommand>>,
    /// How long it may take. Default: 60s.
    timeout: Option<Time>,
}

impl JsonSchema for RawHook {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HookEntry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let list = generator.subschema_for::<RawCommand>();
        let table = generator.subschema_for::<RawHookTable>();
        schemars::json_schema!({"anyOf": [list, table]})
    }
}

/// The hooks of one file.
#[derive(Debug, Clone, Default)]
pub(in crate::manifest) struct PartHooks(pub(in crate::manifest) Hooks);

impl PartHooks {
    /// Puts those of a file that is included in front: what it prepares is there for ours.
    pub(in crate::manifest) fn merge_under(&mut self, under: &Self) {
        put_in_front(&mut self.0.before_switch, &under.0.before_switch);
        put_in_front(&mut self.0.after_switch, &under.0.after_switch);
    }
}

/// One that both have runs once.
fn put_in_front(hooks: &mut Vec<Hook>, first: &[Hook]) {
    hooks.retain(|hook| !first.contains(hook));
    hooks.splice(0..0, first.iter().cloned());
}

impl Checker<'_> {
    /// The hooks of this file.
    pub(in crate::manifest) fn hooks(&self, raw: Option<Field<RawHooks>>) -> PartHooks {
        let Some(raw) = raw.and_then(|field| field.value) else {
            return PartHooks::default();
        };
        PartHooks(Hooks {
            before_switch: self.hook_list(raw.before_switch),
            after_switch: self.hook_list(raw.after_switch),
        })
    }

    fn hook_list(&self, raw: Option<Field<Vec<Field<RawHook>>>>) -> Vec<Hook> {
        let entries = raw.and_then(|field| field.value).unwrap_or_default();
        entries
            .into_iter()
            .filter_map(|entry| self.hook(entry.value?, entry.span))
            .collect()
    }

    fn hook(&self, raw: RawHook, span: Span) -> Option<Hook> {
        match raw {
            RawHook::Short(command) => Some(Hook {
                run: self.command(command, span)?,
                timeout: Hook::TIMEOUT,
            }),
            RawHook::Table(table) => {
                let timeout = self.some_lapse(table.timeout, Hook::TIMEOUT);
                let Some(run) = table.run else {
                    if !self.reading.is_marred(span) {
                        let hint = "say what to run: `run: [program, argument]`".to_owned();
                        self.reading.note_with_hint(
                            span,
                            Code::ManifestEntry,
                            "the hook does not say what to run",
                            Some(hint),
                        );
                    }
                    return None;
                };
                Some(Hook {
                    run: self.command(run.value?, run.span)?,
                    timeout,
                })
            }
        }
    }
}
