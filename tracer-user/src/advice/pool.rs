//! As many connections as workers.

use super::Language;
use super::remedy::{Code, FixInput, Remedy, called};
use crate::number::figure;

/// The remedy.
pub const REMEDY: Remedy = Remedy {
    title: "Give every worker a connection",
    why,
    code: &[
        Code {
            language: Language::Python,
            before: r#"
# $CULPRIT
engine = create_engine(
    url,
    pool_size=$CAPACITY,
    max_overflow=0,
)
"#,
            after: r#"
engine = create_engine(
    url,
    pool_size=$WORKERS,  # as many as workers
    max_overflow=0,
    pool_timeout=5,  # seconds, then an error
)
"#,
        },
        Code {
            language: Language::TypeScript,
            before: r#"
// $CULPRIT
const pool = new Pool({
  connectionString: url,
  max: $CAPACITY,
});
"#,
            after: r#"
const pool = new Pool({
  connectionString: url,
  max: $WORKERS, // as many as workers
  connectionTimeoutMillis: 5000,
});
"#,
        },
        Code {
            language: Language::Java,
            before: r#"
// $CULPRIT
var config = new HikariConfig();
config.setJdbcUrl(url);
config.setMaximumPoolSize($CAPACITY);
"#,
            after: r#"
var config = new HikariConfig();
config.setJdbcUrl(url);
config.setMaximumPoolSize($WORKERS); // as many as workers
config.setConnectionTimeout(5_000);
"#,
        },
        Code {
            language: Language::Go,
            before: r#"
// $CULPRIT
db, err := sql.Open("pgx", url)
db.SetMaxOpenConns($CAPACITY)
"#,
            after: r#"
db, err := sql.Open("pgx", url)
db.SetMaxOpenConns($WORKERS) // as many as workers
db.SetMaxIdleConns($WORKERS) // and kept between uses
"#,
        },
        Code {
            language: Language::Rust,
            before: r#"
// $CULPRIT
let pool = PgPoolOptions::new()
    .max_connections($CAPACITY)
    .connect(&url)
    .await?;
"#,
            after: r#"
let pool = PgPoolOptions::new()
    .max_connections($WORKERS) // as many as workers
    .acquire_timeout(Duration::from_secs(5))
    .connect(&url)
    .await?;
"#,
        },
        Code {
            language: Language::C,
            before: r#"
// $CULPRIT
#define CONNECTIONS $CAPACITY
for (int i = 0; i < CONNECTIONS; i++)
    put(pool, PQconnectdb(url));
"#,
            after: r#"
#define CONNECTIONS $WORKERS // as many as workers
for (int i = 0; i < CONNECTIONS; i++)
    put(pool, PQconnectdb(url));
"#,
        },
    ],
};

fn why(input: &FixInput<'_>) -> String {
    let culprit = input.culprit;
    let there = if culprit.capacity == 1.0 {
        "There is one connection".to_owned()
    } else if culprit.capacity > 0.0 {
        format!("There are {} connections", figure(culprit.capacity))
    } else {
        "There are fewer connections".to_owned()
    };
    format!(
        "{there} for {} workers; the others wait for one to come free, not for {}.",
        input.workers,
        if culprit.address.is_empty() {
            called(culprit)
        } else {
            culprit.address.clone()
        }
    )
}
