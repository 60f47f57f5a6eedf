// Package verify checks a CloudTrail log archive against its digest files, and names
// each object that they do not prove.
//
// An archive holds one chain of digest files for each trail, account and Region.
// A digest lists the log files delivered in its hour with their hashes, names its
// predecessor with hash and signature, and is signed with a key of its Region.
// [Run] reads an archive once, in order of delivery, and reports a [Result] for
// each object that is not valid. Its memory grows with the number of chains and
// not with the number of log files.
//
// The format and the rules are those of "CloudTrail digest file structure" and
// "Custom implementations of CloudTrail log file integrity validation" in the AWS
// CloudTrail user guide.
package verify
