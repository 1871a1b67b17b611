//! Each type of a column through a file and back, and the files that no release writes.

use std::fs;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArrayType, Int32Type};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::row::{Call, Reason, Syscall};
use crate::trace::column::{
    Column, Kind, MAX_TEXT, Names, Packing, Values, column, names, texts, u32s, u64s,
};
use crate::trace::damage::Damage;
use crate::trace::decode::Piece;
use crate::trace::encode::{Encoder, MAX_GROUP_ROWS};
use crate::trace::open::TableReader;
use crate::trace::table::{Rows, Table};

/// A column of each type and packing that a table uses.
const ALL: &[Column] = &[
    column("times", Kind::U64, Packing::Delta),
    column("spans", Kind::U64, Packing::Split),
    column("sizes", Kind::U64, Packing::Few),
    column("results", Kind::I64, Packing::Few),
    column("counters", Kind::U32, Packing::Delta),
    column("ids", Kind::U32, Packing::Few),
    column("codes", Kind::U16, Packing::Few),
    column("marks", Kind::Bool, Packing::Few),
    column("texts", Kind::Text, Packing::Few),
    column("names", Kind::Name, Packing::Few),
];

/// A file of `parts`, each the values of `columns`.
fn file(columns: &'static [Column], parts: Vec<Vec<Values>>) -> (Bytes, u64) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("t.parquet");
    let mut encoder = Encoder::create(path.clone(), columns).expect("created");
    for part in parts {
        encoder.write(part).expect("written");
    }
    let described = encoder.close().expect("closed");
    let bytes = fs::read(path).expect("a file");
    assert_eq!(
        (bytes.len() as u64, crc32fast::hash(&bytes)),
        (described.bytes, described.crc32)
    );
    (bytes.into(), described.rows)
}

fn pieces(columns: &'static [Column], bytes: Bytes, rows: u64) -> Result<Vec<Piece>, Damage> {
    let mut reader = TableReader::open(bytes, "t", columns, 0, rows)?;
    let mut pieces = Vec::new();
    while let Some(piece) = reader.next()? {
        pieces.push(piece);
    }
    Ok(pieces)
}

/// The values of a column, readable.
fn cells(values: &Values) -> Vec<String> {
    fn shown<T: std::fmt::Debug>(values: &[T]) -> Vec<String> {
        values.iter().map(|value| format!("{value:?}")).collect()
    }
    match values {
        Values::U16(values) => shown(values),
        Values::U32(values) => shown(values),
        Values::U64(values) => shown(values),
        Values::I64(values) => shown(values),
        Values::Bool(values) => shown(values),
        Values::Text(values) => shown(values),
        Values::Name(Names { positions, names }) => {
            let name = |position: &i32| &names[usize::try_from(*position).expect("a position")];
            shown(&positions.iter().map(name).collect::<Vec<_>>())
        }
    }
}

/// What is written in parts comes back, however it is cut into pieces.
fn check(columns: &'static [Column], parts: Vec<Vec<Values>>) {
    let (bytes, rows) = file(columns, parts.clone());
    let pieces = pieces(columns, bytes, rows).expect("sound");
    for (index, column) in columns.iter().enumerate() {
        let written: Vec<String> = parts.iter().flat_map(|part| cells(&part[index])).collect();
        let read = |piece: &Piece| cells(piece.columns[index].as_ref().expect("it is there"));
        let read: Vec<String> = pieces.iter().flat_map(read).collect();
        assert_eq!(read.len() as u64, rows);
        assert!(read == written, "{}", column.name);
    }
}

/// Values of [`ALL`], extremes among them.
fn values(rows: &[u64]) -> Vec<Values> {
    let spread = |i: u64| match i % 5 {
        0 => u64::MAX,
        1 => 0,
        2 => i64::MAX.cast_unsigned() + 1,
        _ => i.wrapping_mul(0x9E37_79B9_7F4A_7C15),
    };
    let numbers: Vec<String> = rows.iter().map(|i| format!("π {}", i % 300)).collect();
    let wide = |values: fn(u64) -> u64| rows.iter().map(|i| values(*i)).collect::<Vec<_>>();
    vec![
        Values::U64(wide(|i| i * i)),
        u64s(rows, |i| spread(*i)),
        u64s(rows, |i| spread(*i)),
        Values::I64(rows.iter().map(|i| spread(*i).cast_signed()).collect()),
        u32s(rows, |i| spread(*i) as u32),
        u32s(rows, |i| spread(*i) as u32),
        Values::U16(rows.iter().map(|i| spread(*i) as u16).collect()),
        Values::Bool(rows.iter().map(|i| i % 3 == 0).collect()),
        texts(&numbers, |text| if text.ends_with('7') { "" } else { text }),
        names(rows, |i| {
            Syscall::from_raw((i % 60) as u8).unwrap_or_default()
        }),
    ]
}

#[test]
fn every_type_comes_back_in_every_packing() {
    let rows: Vec<u64> = (0..70_000).collect();
    // The first part ends within a page and within a piece.
    check(ALL, vec![values(&rows[..33_333]), values(&rows[33_333..])]);
    check(ALL, vec![values(&rows[..1])]);
}

#[test]
fn a_file_without_rows_is_a_file() {
    let (bytes, rows) = file(ALL, Vec::new());
    assert_eq!(rows, 0);
    assert!(pieces(ALL, bytes, rows).expect("sound").is_empty());
    let (bytes, rows) = file(ALL, vec![values(&[])]);
    assert!(pieces(ALL, bytes, rows).expect("sound").is_empty());
}

#[test]
fn more_rows_than_a_group_takes_go_into_the_next() {
    const COLUMNS: &[Column] = &[
        column("times", Kind::U64, Packing::Delta),
        column("marks", Kind::Bool, Packing::Few),
    ];
    let part = |from: usize, to: usize| {
        vec![
            Values::U64((from as u64..to as u64).collect()),
            Values::Bool((from..to).map(|i| i % 7 == 0).collect()),
        ]
    };
    let cuts = [
        0,
        10,
        MAX_GROUP_ROWS - 5,
        MAX_GROUP_ROWS + 5,
        MAX_GROUP_ROWS + 9,
    ];
    let parts = cuts.windows(2).map(|cut| part(cut[0], cut[1])).collect();
    check(COLUMNS, parts);
}

#[test]
fn any_parquet_reader_sees_these_types() {
    let (bytes, _) = file(ALL, vec![values(&[1, 2])]);
    let found = parquet::file::metadata::ParquetMetaDataReader::new()
        .parse_and_finish(&bytes)
        .expect("sound");
    let mut text = Vec::new();
    parquet::schema::printer::print_schema(&mut text, found.file_metadata().schema());
    insta::assert_snapshot!(String::from_utf8_lossy(&text), @r"
    message schema {
      REQUIRED INT64 times (INTEGER(64,false));
      REQUIRED INT64 spans (INTEGER(64,false));
      REQUIRED INT64 sizes (INTEGER(64,false));
      REQUIRED INT64 results;
      REQUIRED INT32 counters (INTEGER(32,false));
      REQUIRED INT32 ids (INTEGER(32,false));
      REQUIRED INT32 codes (INTEGER(16,false));
      REQUIRED BOOLEAN marks;
      REQUIRED BYTE_ARRAY texts (STRING);
      REQUIRED BYTE_ARRAY names (STRING);
    }
    ");
    let group = found.row_group(0);
    for (column, chunk) in ALL.iter().zip(group.columns()) {
        let encoding = match (column.kind, column.packing) {
            (Kind::Bool, _) => Encoding::PLAIN,
            (_, Packing::Delta) => Encoding::DELTA_BINARY_PACKED,
            (_, Packing::Split) => Encoding::BYTE_STREAM_SPLIT,
            (_, Packing::Few) => Encoding::RLE_DICTIONARY,
        };
        let used: Vec<Encoding> = chunk.encodings().collect();
        assert!(used.contains(&encoding), "{}: {used:?}", column.name);
    }
    assert!(matches!(
        group.column(0).compression(),
        Compression::ZSTD(_)
    ));
}

const NAMES: &[Column] = &[column("names", Kind::Name, Packing::Few)];
const TEXTS: &[Column] = &[column("texts", Kind::Text, Packing::Few)];

/// A column of names with `count` that no release knows, and one that all know.
fn many_names(count: i32) -> (Bytes, u64) {
    let names: Vec<_> = (0..count)
        .map(|i| format!("later-{i}").as_str().into())
        .chain(["futex".into()])
        .collect();
    let column = Names {
        positions: (0..=count).chain([count]).collect(),
        names: names.into(),
    };
    file(NAMES, vec![vec![Values::Name(column)]])
}

#[test]
fn names_of_a_later_release_are_unknown_however_many_they_are() {
    let (bytes, rows) = many_names(600);
    let mut reader = TableReader::open(bytes, "t", NAMES, 0, rows).expect("sound");
    let piece = reader.next().expect("sound").expect("rows");
    let calls = reader.decode(&piece, |columns| {
        columns.names("names", Some(Syscall::Other))
    });
    let mut expected = vec![Syscall::Other; 600];
    expected.extend([Syscall::Futex; 2]);
    assert_eq!(calls, Ok(expected));
    // Where a reader cannot do without the meaning, the file is not valid.
    let reasons = reader.decode(&piece, |columns| columns.names::<Reason>("names", None));
    assert!(
        matches!(reasons, Err(Damage::Invalid { .. })),
        "{reasons:?}"
    );

    let (bytes, rows) = many_names(5000);
    assert!(
        pieces(NAMES, bytes, rows).is_err(),
        "so many are no list of names"
    );
}

#[test]
fn long_texts_are_cut_when_written_and_refused_when_read() {
    let long = "ä".repeat(MAX_TEXT);
    let rows = [long.as_str(), "short", long.as_str()];
    let written = texts(&rows, |text| text);
    let Values::Text(cut) = &written else {
        panic!("{written:?}")
    };
    let text = str::from_utf8(cut[0].data()).expect("whole characters");
    assert!(text.len() <= MAX_TEXT && text.len() > MAX_TEXT - 8 && text.ends_with("ä…"));
    assert_eq!(
        cut[0].data().as_ptr(),
        cut[2].data().as_ptr(),
        "copied once"
    );
    check(TEXTS, vec![vec![written]]);

    for (text, refused) in [
        (long.as_bytes(), true),
        (b"\xff\xfe", true),
        ("ä".repeat(MAX_TEXT / 2).as_bytes(), false),
    ] {
        let (bytes, rows) = file(TEXTS, vec![vec![Values::Text(vec![text.into()])]]);
        let mut reader = TableReader::open(bytes, "t", TEXTS, 0, rows).expect("sound");
        let piece = reader.next().expect("sound").expect("a row");
        let found = reader.decode(&piece, |columns| columns.texts("texts")?.get(0));
        assert_eq!(found.is_err(), refused, "{found:?}");
    }
}

#[test]
fn texts_that_outgrow_the_dictionary_come_back() {
    let rows: Vec<String> = (0..30_000).map(|i| format!("{i:0>100}")).collect();
    check(
        TEXTS,
        vec![
            vec![texts(&rows, |text| text)],
            vec![texts(&rows, |text| text)],
        ],
    );
}

/// A file that another program wrote.
fn foreign(
    schema: &str,
    properties: WriterPropertiesBuilder,
    fill: impl Fn(&mut SerializedRowGroupWriter<'_, Vec<u8>>),
) -> Bytes {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build()))
        .expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    fill(&mut group);
    group.close().expect("closed");
    writer.into_inner().expect("closed").into()
}

#[test]
fn what_another_program_wrote_otherwise_is_refused() {
    const IDS: &[Column] = &[column("ids", Kind::U32, Packing::Few)];
    let refused = |columns, bytes: Bytes, rows: u64| match pieces(columns, bytes, rows) {
        Ok(_) => panic!("it is read"),
        Err(damage) => damage.to_string(),
    };
    let numbers = |group: &mut SerializedRowGroupWriter<'_, Vec<u8>>| {
        let mut column = group.next_column().expect("a column").expect("a column");
        let numbers: Vec<i32> = (0..600_000).collect();
        let typed = column.typed::<Int32Type>();
        typed
            .write_batch(&numbers, Some(&vec![1; numbers.len()]), None)
            .expect("written");
        column.close().expect("closed");
    };
    let plain = WriterProperties::builder;

    let nullable = foreign(
        "message t { optional int32 ids (INTEGER(32, false)); }",
        plain(),
        numbers,
    );
    assert!(refused(IDS, nullable, 600_000).contains("may have nulls"));
    let signed = foreign("message t { required int32 ids; }", plain(), numbers);
    assert!(refused(IDS, signed, 600_000).contains("the column ids is INT32"));

    let unsigned = "message t { required int32 ids (INTEGER(32, false)); }";
    let sound = foreign(unsigned, plain(), numbers);
    assert!(pieces(IDS, sound, 600_000).is_ok());
    let endless = plain().set_dictionary_page_size_limit(64 << 20);
    let endless = foreign(unsigned, endless, numbers);
    assert!(refused(IDS, endless, 600_000).contains("a page is not sound"));

    let spelled = foreign(
        "message t { required binary names (STRING); }",
        plain().set_dictionary_enabled(false),
        |group| {
            let mut column = group.next_column().expect("a column").expect("a column");
            let typed = column.typed::<ByteArrayType>();
            typed
                .write_batch(&["futex".into(), "read".into()], None, None)
                .expect("written");
            column.close().expect("closed");
        },
    );
    assert!(refused(NAMES, spelled, 2).contains("has no sound dictionary"));
}

#[test]
fn a_column_that_came_later_may_be_missing_in_older_traces_only() {
    const NOW: &[Column] = <Call as Table>::COLUMNS;
    const BEFORE: &[Column] = NOW.split_at(NOW.len() - 2).0;
    let calls = [Call {
        status: 429,
        count: 2,
        ..Call::default()
    }];
    let mut values = Call::encode(&calls, 0);
    values.truncate(BEFORE.len());
    let (bytes, rows) = file(BEFORE, vec![values]);
    let mut reader = TableReader::open(bytes.clone(), "calls", NOW, 0, rows).expect("it is older");
    let piece = reader.next().expect("sound").expect("a row");
    let mut found = Rows::default();
    reader
        .decode(&piece, |columns| Call::decode(columns, &mut found))
        .expect("sound");
    assert_eq!(found.rows, calls);

    let damage = match TableReader::open(bytes, "calls", NOW, 1, rows) {
        Ok(_) => panic!("it is read"),
        Err(damage) => damage.to_string(),
    };
    assert!(
        damage.contains("the column statement_id is missing"),
        "{damage}"
    );
}
