package profiles

import (
	"math"
	"slices"

	"plumbline"
)

// judge states the labels inside the records, and how good the predictions beside them are.
func (b *Builder) judge(base *Baseline) {
	n := len(b.labels.kinds) - b.labels.count(plumbline.Missing)
	if n == 0 {
		return
	}
	if b.model.Task == plumbline.TaskRegression {
		b.judgeNumbers(base)
		return
	}
	base.Labels = &Labels{}
	classes := map[string]int64{}
	var positive, pairs, right int64
	grid := base.scoreGrid()
	if b.model.Positive != "" && grid != nil {
		base.Labels.ScoreLabelled = make([]int64, grid.Cells())
		base.Labels.ScorePositive = make([]int64, grid.Cells())
	}
	for i := range b.labels.kinds {
		label, ok := Text(b.labels.value(i))
		if !ok {
			continue
		}
		base.Labels.N++
		classes[label]++
		isPositive := label == b.model.Positive
		positive += count(isPositive)
		if prediction, ok := Text(b.places[Prediction].value(i)); ok {
			pairs++
			right += count(prediction == label)
		}
		if s := b.places[Score].value(i); base.Labels.ScoreLabelled != nil && s.Kind == plumbline.Number && finite(s.Num) {
			c := grid.Cell(s.Num)
			base.Labels.ScoreLabelled[c]++
			base.Labels.ScorePositive[c] += count(isPositive)
		}
	}
	if base.Labels.N == 0 {
		base.Labels = nil
		return
	}
	if b.model.Positive != "" {
		base.Labels.Positive = plumbline.Finite(float64(positive) / float64(base.Labels.N))
	}
	for s, n := range classes {
		base.Labels.Classes = append(base.Labels.Classes, Category{s, n})
	}
	slices.SortFunc(base.Labels.Classes, ByCount)
	base.Labels.Classes = base.Labels.Classes[:min(len(base.Labels.Classes), maxCategories)]
	if pairs > 0 {
		base.Quality = &Quality{N: pairs, Accuracy: plumbline.Finite(float64(right) / float64(pairs))}
	}
}

func (b *Builder) judgeNumbers(base *Baseline) {
	var labels, errors []float64
	for i := range b.labels.kinds {
		y := b.labels.value(i)
		if y.Kind != plumbline.Number || !finite(y.Num) {
			continue
		}
		labels = append(labels, y.Num)
		if p := b.places[Prediction].value(i); p.Kind == plumbline.Number && finite(p.Num-y.Num) {
			errors = append(errors, p.Num-y.Num)
		}
	}
	if len(labels) == 0 {
		return
	}
	mean := func(x []float64, f func(float64) float64) *float64 {
		return plumbline.Finite(sum(x, f) / float64(len(x)))
	}
	base.Labels = &Labels{N: int64(len(labels)), Mean: mean(labels, func(y float64) float64 { return y })}
	if len(errors) > 0 {
		base.Quality = &Quality{N: int64(len(errors)), MAE: mean(errors, math.Abs)}
		if mse := mean(errors, func(e float64) float64 { return e * e }); mse != nil {
			base.Quality.RMSE = plumbline.Finite(math.Sqrt(*mse))
		}
	}
}

func (b *Baseline) scoreGrid() *Grid {
	for i := range b.Features {
		if b.Features[i].key() == Score {
			if g, err := NewGrid(b.Features[i].Edges); err == nil {
				return g
			}
		}
	}
	return nil
}
