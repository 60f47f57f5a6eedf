// Package supplement answers the few operations that trailkeeper needs and moto_server lacks.
package supplement
