//! The JSON Schema of the format, generated from the types that read it.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::written::Written;

/// Fields without references: texts for people, and fields that are read before parameters.
const LITERAL: [&str; 11] = [
    "$schema", "format", "mode", "name", "title", "source", "note", "say", "seed", "params",
    "one_of",
];

/// The JSON Schema of scenario format 1, as [`SCHEMA`](super::SCHEMA) must be.
#[must_use]
pub fn schema() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<Written>().to_value();
    let definitions = schema.get("definitions").cloned().unwrap_or_default();
    adapt(&mut schema, &definitions);
    if let Some(definitions) = schema.get_mut("definitions").and_then(Value::as_object_mut) {
        let reference = json!({
            "type": "string",
            "pattern": "^\\$[A-Za-z][A-Za-z0-9_]*$",
            "description": "The value of the parameter of this name, such as $n."
        });
        definitions.insert("Param".to_owned(), reference);
    }
    let text = serde_json::to_string_pretty(&schema).expect("a JSON value is always JSON");
    text + "\n"
}

/// The JSON Schema of another type. Its files have neither null nor parameters.
pub fn schema_of<T: schemars::JsonSchema>() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    let text = serde_json::to_string_pretty(&schema).expect("a JSON value is always JSON");
    text + "\n"
}

fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(object) => {
            drop_null(object);
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            object.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

/// Adapts a generated schema to the format: no null, and references to parameters as alternatives of
/// values.
fn adapt(schema: &mut Value, definitions: &Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(|item| adapt(item, definitions)),
        Value::Object(object) => {
            drop_null(object);
            if let Some(Value::String(text)) = object.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            object
                .values_mut()
                .for_each(|value| adapt(value, definitions));
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                for (name, property) in properties {
                    if !LITERAL.contains(&name.as_str()) && !holds_objects(property, definitions) {
                        allow_reference(property);
                    }
                }
            }
            if let Some(items) = object.get_mut("items")
                && !holds_objects(items, definitions)
            {
                allow_reference(items);
            }
        }
        _ => {}
    }
}

/// Whether the value is an object or a list of objects. Parameters are neither.
fn holds_objects(schema: &Value, definitions: &Value) -> bool {
    let name = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next());
    let all = schema
        .get("allOf")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    schema.get("type") == Some(&json!("object"))
        || name
            .and_then(|name| definitions.get(name))
            .is_some_and(|s| holds_objects(s, definitions))
        || schema
            .get("items")
            .is_some_and(|items| holds_objects(items, definitions))
        || all.into_iter().any(|part| holds_objects(part, definitions))
}

/// Optional fields are left out, never null.
fn drop_null(schema: &mut Map<String, Value>) {
    let null = json!("null");
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| *name != null);
        if let [only] = &types[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|alternative| alternative.get("type") != Some(&null));
        if let [Value::Object(only)] = &any[..] {
            // Beside a $ref, draft 7 would not see the description.
            let only = only.clone();
            schema.remove("anyOf");
            schema.insert("allOf".to_owned(), json!([only]));
        }
    }
    if schema.get("default") == Some(&Value::Null) {
        schema.remove("default");
    }
}

/// Lets a property hold a `"$name"` as well; its description and default stay outside.
fn allow_reference(property: &mut Value) {
    let Some(object) = property.as_object_mut() else {
        return;
    };
    let any_text = object.get("type") == Some(&json!("string"));
    if any_text && !object.contains_key("pattern") && !object.contains_key("enum") {
        return;
    }
    let outside = ["description", "default"];
    let (outer, mut inner): (Map<_, _>, Map<_, _>) = std::mem::take(object)
        .into_iter()
        .partition(|(key, _)| outside.contains(&key.as_str()));
    if let Some(Value::Array(all)) = inner.get_mut("allOf")
        && let [Value::Object(only)] = &mut all[..]
    {
        inner = std::mem::take(only);
    }
    *object = outer;
    object.insert(
        "anyOf".to_owned(),
        json!([inner, { "$ref": "#/definitions/Param" }]),
    );
}
