// Package lake is a data set of CloudTrail events in Parquet files, one folder
// a day, that DuckDB, Athena, Trino and Spark read as it is.
//
// docs/formats.md describes it column by column. Every member of a record is
// in a column or kept verbatim beside them, so [Row.AppendJSON] gives back the
// record that came in. [Open] reads a lake, [OpenWriter] adds to one in
// commits that happen whole or not at all.
package lake
