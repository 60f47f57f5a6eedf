package trino

// Defines reports whether a statement makes the table of this name, or adds its
// partitions, as Athena must be told before it can read it: CREATE EXTERNAL
// TABLE, ALTER TABLE ADD PARTITION or MSCK REPAIR TABLE.
func Defines(sql, table string) bool {
	r := &rewriter{sql: sql, tokens: significant(scan(sql))}
	for i, t := range r.tokens {
		if t.is(";") && i != len(r.tokens)-1 {
			return false
		}
	}
	at, created := r.words(0, "CREATE", "EXTERNAL", "TABLE")
	if created {
		at, _ = r.words(at, "IF", "NOT", "EXISTS")
		at, named := r.table(at, table)
		return named && r.token(at).is("(")
	}
	if at, altered := r.words(0, "ALTER", "TABLE"); altered {
		at, named := r.table(at, table)
		at, added := r.words(at, "ADD")
		at, _ = r.words(at, "IF", "NOT", "EXISTS")
		_, partition := r.words(at, "PARTITION")
		return named && added && partition
	}
	at, repaired := r.words(0, "MSCK", "REPAIR", "TABLE")
	at, named := r.table(at, table)
	at, _ = r.words(at, ";")
	return repaired && named && at == len(r.tokens)
}

// significant removes the backquotes in which Hive writes names.
func significant(tokens []token) []token {
	kept := tokens[:0]
	for _, t := range tokens {
		if !t.is("`") {
			kept = append(kept, t)
		}
	}
	return kept
}

// words returns the index after words that are at an index.
func (r *rewriter) words(at int, words ...string) (int, bool) {
	for i, w := range words {
		if !r.token(at + i).is(w) {
			return at, false
		}
	}
	return at + len(words), true
}

// table returns the index after the name of a table, with or without the names
// of its catalog and database.
func (r *rewriter) table(at int, name string) (int, bool) {
	for r.token(at + 1).is(".") {
		at += 2
	}
	return at + 1, r.token(at).named(name)
}
