package connector

// Grade says how sure a success is.
type Grade string

// The grades.
const (
	Accepted     Grade = "accepted"     // the vendor took it; what becomes of it is not known
	Confirmed    Grade = "confirmed"    // the vendor's success means that it arrived
	Unverifiable Grade = "unverifiable" // nothing could be proven
)

// Grades lists them. Their order is part of the ledger's format: new ones go to the end.
func Grades() []Grade { return []Grade{Accepted, Confirmed, Unverifiable} }

// Grader is implemented by an instance whose settings decide how sure its successes are.
type Grader interface {
	Grade() Grade
}

// TestGrader is implemented by a Tester whose success proves less than that of a delivery.
type TestGrader interface {
	TestGrade() Grade
}

// Grade is what successes of the kind mean, unless an instance says otherwise.
func (k Kind) Grade() Grade {
	if k.ConfirmsDelivery {
		return Confirmed
	}
	return Accepted
}

// GradeOf is what successes of an opened instance mean. Inst may be nil.
func GradeOf(k Kind, inst Instance) Grade {
	if g, ok := inst.(Grader); ok {
		return g.Grade()
	}
	return k.Grade()
}
