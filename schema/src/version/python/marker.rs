//! Markers: for which Python a dependency holds (PEP 508), as in `python_version < "3.11" and extra == "test"`.

use crate::version::Scheme;
use crate::version::Version;
use crate::version::python::environment::PythonEnvironment;
use crate::version::python::normal_name;
use crate::version::range::Prereleases;
use crate::version::range::VersionRange;
use crate::version::reader::Fault;
use crate::version::reader::Reader;
use crate::version::reader::fault;

/// For which Python something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(Node);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    All(Vec<Node>),
    Either(Vec<Node>),
    Comparison {
        left: Operand,
        operator: &'static str,
        right: Operand,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operand {
    Variable(Variable),
    Text(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    PythonVersion,
    PythonFullVersion,
    ImplementationName,
    ImplementationVersion,
    PythonImplementation,
    OsName,
    SysPlatform,
    PlatformSystem,
    PlatformMachine,
    PlatformRelease,
    PlatformVersion,
    Extra,
    Extras,
}

/// Names of variables, the old ones with dots among them.
const VARIABLES: &[(&str, Variable)] = &[
    ("python_version", Variable::PythonVersion),
    ("python_full_version", Variable::PythonFullVersion),
    ("implementation_name", Variable::ImplementationName),
    ("implementation_version", Variable::ImplementationVersion),
    (
        "platform_python_implementation",
        Variable::PythonImplementation,
    ),
    (
        "platform.python_implementation",
        Variable::PythonImplementation,
    ),
    ("python_implementation", Variable::PythonImplementation),
    ("os_name", Variable::OsName),
    ("os.name", Variable::OsName),
    ("sys_platform", Variable::SysPlatform),
    ("sys.platform", Variable::SysPlatform),
    ("platform_system", Variable::PlatformSystem),
    ("platform_machine", Variable::PlatformMachine),
    ("platform.machine", Variable::PlatformMachine),
    ("platform_release", Variable::PlatformRelease),
    ("platform_version", Variable::PlatformVersion),
    ("platform.version", Variable::PlatformVersion),
    ("extra", Variable::Extra),
    ("extras", Variable::Extras),
];

const OPERATORS: &[&str] = &["===", "==", "~=", "!=", "<=", ">=", "<", ">"];

/// Deeper brackets would be an attack.
const DEEPEST: usize = 64;

impl Marker {
    /// Whether it holds for this Python, when these extras are asked for.
    pub fn holds(&self, environment: &PythonEnvironment, extras: &[&str]) -> bool {
        let extras: Vec<String> = extras.iter().map(|extra| normal_name(extra)).collect();
        self.0.holds(environment, &extras)
    }

    /// Reads a marker.
    pub(super) fn read(text: &str) -> Result<Self, Fault> {
        let mut reader = Reader::new(text);
        let node = either(&mut reader, 0)?;
        if reader.is_done() {
            Ok(Self(node))
        } else {
            reader.fault("`and`, `or` or the end is missing")
        }
    }
}

impl Node {
    fn holds(&self, environment: &PythonEnvironment, extras: &[String]) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| node.holds(environment, extras)),
            Self::Either(nodes) => nodes.iter().any(|node| node.holds(environment, extras)),
            Self::Comparison {
                left,
                operator,
                right,
            } => compare(left, operator, right, environment, extras),
        }
    }
}

fn compare(
    left: &Operand,
    operator: &str,
    right: &Operand,
    environment: &PythonEnvironment,
    extras: &[String],
) -> bool {
    let (variable, text) = match (left, right) {
        (Operand::Variable(variable), Operand::Text(text))
        | (Operand::Text(text), Operand::Variable(variable)) => (*variable, text),
        // Two variables: what is on the left says how they are compared.
        (Operand::Variable(variable), Operand::Variable(other)) => {
            return values(
                *variable,
                value(*variable, environment),
                operator,
                value(*other, environment),
            );
        }
        (Operand::Text(_), Operand::Text(_)) => return false,
    };
    if matches!(variable, Variable::Extra | Variable::Extras) {
        let asked = extras.contains(&normal_name(text)) || (text.is_empty() && extras.is_empty());
        return match (operator, variable) {
            ("==", Variable::Extra) | ("in", Variable::Extras) => asked,
            ("!=", Variable::Extra) | ("not in", Variable::Extras) => !asked,
            _ => false,
        };
    }
    match left {
        Operand::Variable(_) => values(variable, value(variable, environment), operator, text),
        Operand::Text(_) => values(variable, text, operator, value(variable, environment)),
    }
}

/// Versions are compared as versions where both sides are some; everything else is a text, which has no order.
fn values(variable: Variable, left: &str, operator: &str, right: &str) -> bool {
    let of_versions = matches!(
        variable,
        Variable::PythonVersion
            | Variable::PythonFullVersion
            | Variable::ImplementationVersion
            | Variable::PlatformRelease
    );
    if of_versions && !operator.ends_with("in") {
        let range = VersionRange::parse_native(Scheme::Pep440, &format!("{operator}{right}"));
        if let Ok(range) = range {
            return Version::parse(Scheme::Pep440, left)
                .is_ok_and(|left| range.matches_with(&left, Prereleases::Taken));
        }
    }
    match operator {
        "in" => right.contains(left),
        "not in" => !right.contains(left),
        "==" | "===" | "<=" | ">=" => left == right,
        "!=" => left != right,
        _ => false,
    }
}

fn value(variable: Variable, environment: &PythonEnvironment) -> &str {
    match variable {
        Variable::PythonVersion => &environment.python_version,
        Variable::PythonFullVersion => &environment.python_full_version,
        Variable::ImplementationName => &environment.implementation_name,
        Variable::ImplementationVersion => &environment.implementation_version,
        Variable::PythonImplementation => &environment.platform_python_implementation,
        Variable::OsName => &environment.os_name,
        Variable::SysPlatform => &environment.sys_platform,
        Variable::PlatformSystem => &environment.platform_system,
        Variable::PlatformMachine => &environment.platform_machine,
        Variable::PlatformRelease => &environment.platform_release,
        Variable::PlatformVersion => &environment.platform_version,
        Variable::Extra | Variable::Extras => "",
    }
}

fn either(reader: &mut Reader, depth: usize) -> Result<Node, Fault> {
    let mut nodes = vec![all(reader, depth)?];
    while reader.eat_word("or") {
        nodes.push(all(reader, depth)?);
    }
    Ok(Node::Either(nodes))
}

fn all(reader: &mut Reader, depth: usize) -> Result<Node, Fault> {
    let mut nodes = vec![one(reader, depth)?];
    while reader.eat_word("and") {
        nodes.push(one(reader, depth)?);
    }
    Ok(Node::All(nodes))
}

fn one(reader: &mut Reader, depth: usize) -> Result<Node, Fault> {
    reader.skip_space();
    let node = if reader.eat("(") {
        if depth == DEEPEST {
            return reader.fault("it has too many brackets");
        }
        let node = either(reader, depth + 1)?;
        if !reader.eat(")") {
            return reader.fault("a `)` is missing");
        }
        node
    } else {
        comparison(reader)?
    };
    reader.skip_space();
    Ok(node)
}

fn comparison(reader: &mut Reader) -> Result<Node, Fault> {
    let start = reader.at();
    let left = operand(reader)?;
    reader.skip_space();
    let operator = operator(reader)?;
    reader.skip_space();
    let right = operand(reader)?;
    match (&left, &right) {
        (Operand::Text(_), Operand::Text(_)) => {
            fault(start, "two texts are compared, and no variable")
        }
        _ => Ok(Node::Comparison {
            left,
            operator,
            right,
        }),
    }
}

fn operator(reader: &mut Reader) -> Result<&'static str, Fault> {
    if reader.eat_word("in") {
        return Ok("in");
    }
    if reader.eat_word("not") {
        reader.skip_space();
        return if reader.eat_word("in") {
            Ok("not in")
        } else {
            reader.fault("`not` is followed by `in` here")
        };
    }
    match OPERATORS.iter().find(|operator| reader.eat(operator)) {
        Some(operator) => Ok(operator),
        None => reader.fault("a comparison is missing, such as `==`"),
    }
}

fn operand(reader: &mut Reader) -> Result<Operand, Fault> {
    for quote in ['"', '\''] {
        if let Some(after) = reader.rest().strip_prefix(quote) {
            let Some(end) = after.find(quote) else {
                return reader.fault(format!("the {quote} that closes the text is missing"));
            };
            reader.take(end + 2);
            return Ok(Operand::Text(after[..end].to_owned()));
        }
    }
    match VARIABLES.iter().find(|(name, _)| reader.eat_word(name)) {
        Some((_, variable)) => Ok(Operand::Variable(*variable)),
        None => reader.fault("a variable or a text in quotes is missing"),
    }
}
